/** Repositories of every kind that a search may find, made in a folder of their own: for the stand-in Hub. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HubRepository } from './hub.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert');

export interface Shelf {
  readonly repositories: Readonly<Record<string, HubRepository>>;
  remove(): void;
}

/** Text, or what stands for its JSON; `undefined` takes the file away. */
type Files = Readonly<Record<string, unknown>>;

export function makeShelf(): Shelf {
  const root = mkdtempSync(join(tmpdir(), 'shaker-shelf-'));
  const repositories: Record<string, HubRepository> = {};

  const put = (
    id: string,
    from: string | undefined,
    files: Files,
    more: Partial<HubRepository> = {},
  ): void => {
    const folder = join(root, id);
    mkdirSync(folder, { recursive: true });
    if (from !== undefined) cpSync(join(golden, from), folder, { recursive: true });
    for (const [path, file] of Object.entries(files)) {
      if (file === undefined) rmSync(join(folder, path), { recursive: true });
      else writeFileSync(join(folder, path), typeof file === 'string' ? file : JSON.stringify(file));
    }
    repositories[id] = { folder, ...more };
  };
  const card = (licence: string): Files => ({ 'README.md': `---\nlicense: ${licence}\n---\n# Card\n` });
  const config = (fields: object): Files => ({
    'config.json': { model_type: 'bert', architectures: ['BertModel'], ...fields },
  });

  put('kitchen/bert-a', 'a', card('apache-2.0'), { downloads: 1_234_567 });
  put('kitchen/bert-b', 'b', card('cc-by-nc-nd-4.0'), { downloads: 45_600 });
  put('kitchen/bert-bare', 'c', {}, { downloads: 789 });
  put('kitchen/bert-gated', 'b', card('gemma'), { access: 'gated', downloads: 300 });
  put('kitchen/bert-private', 'b', {}, { access: 'private', downloads: 200 });
  put('kitchen/bert-lora', undefined, {
    'adapter_config.json': { peft_type: 'LORA' },
    'adapter_model.safetensors': 'x',
  });
  put('kitchen/bert-onnx', undefined, { ...config({}), 'model.onnx': 'x' });
  put('kitchen/bert-4bit', 'a', config({ quantization_config: { quant_method: 'gptq' } }));
  put('kitchen/bert-gguf', undefined, { 'model.gguf': 'GGUF' });
  put('kitchen/mamba-small', 'a', config({ model_type: 'mamba', architectures: ['MambaModel'] }));
  return { repositories, remove: () => rmSync(root, { recursive: true }) };
}
