/** The proof in real workers on real files: what it says of a sound output, and that each check finds the damage that is its own. */
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { KnownError } from '../../src/errors.ts';
import type { MergeJob, Output } from '../../src/pour.ts';
import type { Progress } from '../../src/progress.ts';
import type { Check } from '../../src/proof.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import type { ModelRef } from '../../src/source/source.ts';
import { openClient, type Client, type Watch } from '../../src/worker/client.ts';
import damagingUrl from './damaging.worker.ts?worker&url';
import { denseBert, fixture, goldenBert, localModel, readFixture } from './models.ts';

/** The next files worker runs on a disk that does this. */
let damage: string | undefined;
/** What becomes of the next job on its way to the files worker: as if it mixed something else than was asked. */
let mislead: ((job: MergeJob) => MergeJob) | undefined;
const workers: TamperedWorker[] = [];

/** Comlink's message of a call. */
interface Call {
  readonly path?: readonly string[];
  readonly argumentList?: { value: MergeJob }[];
}

class TamperedWorker extends Worker {
  readonly name: string;

  constructor(address: string | URL, options: WorkerOptions) {
    const damaging = options.name === 'files' && damage !== undefined;
    super(damaging ? damagingUrl : address, damaging ? { ...options, name: damage! } : options);
    this.name = options.name ?? '';
    workers.push(this);
  }

  override postMessage(message: unknown, transfer?: Transferable[] | StructuredSerializeOptions): void {
    const { path, argumentList } = message as Call;
    const asked = path?.[0] === 'merge' ? argumentList?.[1] : undefined;
    if (asked && mislead) asked.value = mislead(asked.value);
    super.postMessage(message, transfer as StructuredSerializeOptions);
  }
}

vi.stubGlobal('Worker', TamperedWorker);
afterAll(() => void vi.unstubAllGlobals());

let models: readonly ModelRef[];
beforeEach(async () => {
  damage = undefined;
  mislead = undefined;
  models = [await goldenBert('a'), await goldenBert('b'), await goldenBert('c')];
});
afterEach(async () => {
  for (const worker of workers.splice(0)) worker.terminate();
  const root = await navigator.storage.getDirectory();
  // a terminated worker gives its files back soon, not at once
  await expect
    .poll(() =>
      root.removeEntry('shaker-1', { recursive: true }).then(
        () => 'gone',
        (error: DOMException) => (error.name === 'NotFoundError' ? 'gone' : error.name),
      ),
    )
    .toBe('gone');
});

const weights = [0.5, 0.3, 0.2];

function merge(client: Client, job: Partial<MergeJob> = {}, watch: Watch = {}): Promise<Output> {
  const trial = { text: 'why is my bread too salty', device: 'cpu' } as const;
  return client.merge({ models, weights, ...job }, watch, trial);
}

async function jobNames(): Promise<string[]> {
  const root = await navigator.storage.getDirectory();
  const jobs = await (await root.getDirectoryHandle('shaker-1')).getDirectoryHandle('jobs');
  const names: string[] = [];
  for await (const name of jobs.keys()) names.push(name);
  return names;
}

/** The text of a job's marker. */
async function readMarker(job: string): Promise<string> {
  const root = await navigator.storage.getDirectory();
  const jobs = await (await root.getDirectoryHandle('shaker-1')).getDirectoryHandle('jobs');
  const folder = await jobs.getDirectoryHandle(job);
  return (await (await folder.getFileHandle('complete')).getFile()).text();
}

/** A model whose file says of one tensor that it is the other: equal shapes, exchanged names. */
async function withSwapped(model: 'a' | 'b' | 'c', one: string, other: string): Promise<ModelRef> {
  const ref = await goldenBert(model);
  if (ref.kind !== 'local') throw new Error('not a local model');
  const files = ref.files.map(async ({ path, file }) => {
    if (path !== 'model.safetensors') return { path, file };
    const headerBytes = Number(new DataView(await file.slice(0, 8).arrayBuffer()).getBigUint64(0, true));
    const header = await file.slice(8, 8 + headerBytes).text();
    const swapped = header.replaceAll(one, '\0').replaceAll(other, one).replaceAll('\0', other);
    const head = new TextEncoder().encode(swapped);
    // names of one length would not move the data; others would
    const length = new DataView(new ArrayBuffer(8));
    length.setBigUint64(0, BigInt(head.length), true);
    return { path, file: new File([length.buffer, head, file.slice(8 + headerBytes)], path) };
  });
  return { ...ref, files: await Promise.all(files) };
}

/** Golden models whose configurations have these fields too. */
async function withConfig(changes: Readonly<Record<string, unknown>>): Promise<readonly ModelRef[]> {
  const changed = (['a', 'b', 'c'] as const).map(async (name): Promise<ModelRef> => {
    const config = await readFixture<Record<string, unknown>>(`golden/bert/${name}/config.json`);
    return localModel(name, {
      'config.json': JSON.stringify({ ...config, ...changes }),
      'model.safetensors': fixture(`golden/bert/${name}/model.safetensors`),
      'tokenizer.json': fixture(`golden/bert/${name}/tokenizer.json`),
      'tokenizer_config.json': fixture(`golden/bert/${name}/tokenizer_config.json`),
    });
  });
  return Promise.all(changed);
}

describe('the proof of a sound output', () => {
  test.each(['F32', 'F16', 'BF16', 'as-model-1'] as const)(
    'passes every check in %s, says so as it goes, and is kept beside the output',
    async (dtype) => {
      const heard: Check[] = [];
      const output = await merge(openClient(), { dtype }, { check: (check) => void heard.push(check) });
      expect(output.proof.checks).toEqual([
        {
          kind: 'read-back',
          state: 'passed',
          fileCount: output.files.length,
          bytes: output.files.reduce((sum, { bytes }) => sum + bytes, 0),
        },
        { kind: 'header', state: 'passed', tensorCount: 39 },
        { kind: 'finite', state: 'passed', valueCount: expect.any(Number) as number },
        { kind: 'sha256', state: 'passed', fileCount: output.files.length },
        {
          kind: 'smoke',
          state: 'passed',
          text: 'example',
          difference: expect.any(Number) as number,
          limit: 1e-5,
        },
      ]);
      // each on a port of its own: they arrive in order, the last perhaps after the result
      await expect.poll(() => heard).toEqual(output.proof.checks);
      const marker = await readMarker(output.job);
      expect(JSON.parse(marker)).toMatchObject({ proof: output.proof, files: output.files });
      expect(marker).not.toContain('bread');
    },
  );

  test('is tried with a sentence of ours where there is no example', async () => {
    const output = await openClient().merge({ models, weights }, {}, { text: ' \n', device: 'cpu' });
    expect(output.proof.checks.at(-1)).toMatchObject({ kind: 'smoke', state: 'passed', text: 'sentence' });
  });

  test.each([
    ['its architecture cannot be run', { model_type: 'mamba' }, { code: 'architecture-unknown' }],
    // layers of 20 million rows of 32 values: 2.5 GB each, by what its configuration says
    ['it takes too long', { intermediate_size: 20_000_000 }, { code: 'memory-short', facts: { model: 'a' } }],
  ])('says why it was not tried where %s, and is offered', async (_, changes, why) => {
    const output = await merge(openClient(), { models: await withConfig(changes) });
    expect(output.proof.checks.map(({ state }) => state)).toEqual([
      'passed',
      'passed',
      'passed',
      'passed',
      'not-run',
    ]);
    expect(output.proof.checks.at(-1)).toMatchObject({ kind: 'smoke', why });
    expect(await jobNames()).toEqual([output.job]);
  });

  test('is run as what the models are said to be, not as what their files say', async () => {
    // a BERT writes no text
    const output = await openClient().merge({ models, weights }, {}, { device: 'cpu', task: 'decoder' });
    expect(output.proof.checks.at(-1)).toMatchObject({
      state: 'not-run',
      why: { code: 'task-unknown', facts: { model: 'a', task: 'decoder' } },
    });
  });
});

describe('an output that the disk damaged', () => {
  test.each([
    ['a missing end', 'output-damaged', [], { file: 'model.safetensors' }],
    ['a broken header', 'output-damaged', [], { file: 'model.safetensors' }],
    ['another name', 'output-tensor-wrong', [], { tensor: 'embeddings.LayerNorm.bias', got: '–' }],
    ['another dtype', 'output-tensor-wrong', [], {}],
    ['a NaN', 'output-not-finite', [], {}],
    ['an infinity', 'output-not-finite', [], {}],
    ['a flipped bit', 'output-damaged', [], { file: 'model.safetensors' }],
    ['a changed small file', 'output-damaged', ['read-back', 'header', 'finite'], {}],
  ])('with %s is found out: %s', async (what, code, passed, facts) => {
    damage = what;
    const heard: Check[] = [];
    const merging = merge(openClient(), {}, { check: (check) => void heard.push(check) });
    await expect(merging).rejects.toMatchObject({ code, facts });
    // reported on a port of its own: the last may come after the failure
    await expect.poll(() => heard.map(({ kind }) => kind)).toEqual(passed);
    expect(await jobNames()).toEqual([]);
  });
});

describe('an output of something else than was asked', () => {
  const query = 'encoder.layer.0.attention.self.query.weight';
  const key = 'encoder.layer.0.attention.self.key.weight';

  test.each([
    [
      'two tensors of one shape swapped',
      async (): Promise<typeof mislead> => {
        const swapped = await withSwapped('b', query, key);
        return (job) => ({ ...job, models: [models[0]!, swapped, models[2]!] });
      },
      'F32',
    ],
    [
      'its weights in another order',
      async (): Promise<typeof mislead> => (job) => ({ ...job, weights: [0.3, 0.5, 0.2] }),
      'F32',
    ],
    [
      'its values not rounded',
      async (): Promise<typeof mislead> => (job) => ({ ...job, dtype: 'F32' }),
      'BF16',
    ],
  ] as const)('with %s passes what files alone tell, and not the smoke run', async (_, lead, dtype) => {
    mislead = await lead();
    const heard: Check[] = [];
    const merging = merge(openClient(), { dtype }, { check: (check) => void heard.push(check) });
    const error = await merging.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'output-differs', facts: { limit: 1e-5 } });
    // far from the limit, which float32's own noise is to stay under
    expect((error as KnownError<'output-differs'>).facts.difference).toBeGreaterThan(1e-4);
    await expect
      .poll(() => heard.map(({ kind }) => kind))
      .toEqual(['read-back', 'header', 'finite', 'sha256']);
    expect(await jobNames()).toEqual([]);
  });
});

describe('a mixture of models with a Dense module', () => {
  const job = { weights: [0.6, 0.4] };
  beforeEach(async () => void (models = [await denseBert('a'), await denseBert('b')]));

  test('passes with it, and states the hashes of what went in and came out', async () => {
    const client = openClient();
    const output = await merge(client, job);
    expect(output.proof.checks[1]).toEqual({ kind: 'header', state: 'passed', tensorCount: 41 });
    expect(output.proof.checks.at(-1)).toMatchObject({ kind: 'smoke', state: 'passed' });
    const path = '2_Dense/model.safetensors';
    const { sha256 } = output.files.find((file) => file.path === path)!;
    const text = async (name: string) => (await client.openFile(output, name)).text();
    const recipe = JSON.parse(await text('recipe.json')) as Recipe;
    expect(recipe.reader?.output?.files).toContainEqual({ path, sha256 });
    for (const model of recipe.models) {
      expect(model.kind === 'local' && model.files.map((file) => file.path)).toContain(path);
    }
    expect(await text('README.md')).toContain(`SHA-256 of \`${path}\`: \`${sha256}\``);
  });

  test('that has the first model’s own does not pass the smoke run', async () => {
    const copied = await denseBert('b', 'a');
    mislead = (job) => ({ ...job, models: [job.models[0]!, copied] });
    await expect(merge(openClient(), job)).rejects.toMatchObject({ code: 'output-differs' });
    expect(await jobNames()).toEqual([]);
  });
});

describe('a mixing that ends while it is proved', () => {
  /** Calls `act` when the written files are being tried. */
  function whileTried(act: () => void): Watch['report'] {
    let acted = false;
    return ({ stage }: Progress) => {
      if (stage !== 'smoke' || acted) return;
      acted = true;
      act();
    };
  }

  test('by a stop leaves nothing', async () => {
    const controller = new AbortController();
    const report = whileTried(() => controller.abort());
    const merging = merge(openClient(), {}, { signal: controller.signal, report });
    await expect(merging).rejects.toMatchObject({ name: 'AbortError' });
    expect(await jobNames()).toEqual([]);
  });

  test('with the worker that wrote it offers nothing, says so, and leaves nothing', async () => {
    const client = openClient();
    const report = whileTried(() => {
      // no message of the engine's: its listener throws, and nobody catches
      workers.find(({ name }) => name === 'files')!.postMessage({ argumentList: [null] });
    });
    await expect(merge(client, {}, { report })).rejects.toMatchObject({ code: 'output-unproved' });
    expect(await jobNames()).toEqual([]);
  });
});
