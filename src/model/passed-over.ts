/** A model that is kept in two forms: which one is used, said so that nobody waits for the other one's values. */
import type { Problem } from '../errors.ts';
import { checkpointPaths } from '../safetensors/checkpoint.ts';
import type { Source } from '../source/source.ts';

/** A note where PyTorch's files lie beside the safetensors that are opened instead. */
export async function notePassedOver(source: Source): Promise<readonly Problem[]> {
  const paths = new Set((await source.list()).map(({ path }) => path));
  const [file, ...others] = checkpointPaths.filter((path) => paths.has(path));
  const passedOver = others.find((path) => isBin(path));
  if (file === undefined || passedOver === undefined || isBin(file)) return [];
  return [
    { severity: 'note', code: 'checkpoint-passed-over', facts: { model: source.name, file, passedOver } },
  ];
}

function isBin(path: string): boolean {
  return path.startsWith('pytorch_model.');
}
