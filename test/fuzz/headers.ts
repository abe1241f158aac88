/** Mutants of one safetensors file. */
import type { Case } from './cases.ts';
import { readFixture } from './corpus.ts';
import { mutateBytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';
import { drawDraft, toMutant } from './safetensors.ts';

const everyDtype = readFixture('safetensors/every-dtype.safetensors');

export function drawHeaderCase(random: Random): Case {
  if (random.oneIn(20)) {
    const [file, how] = mutateBytes(everyDtype, random);
    return { files: { 'model.safetensors': file }, how: [how] };
  }
  const [file, how] = toMutant(drawDraft(random), random);
  return { files: { 'model.safetensors': file }, how };
}
