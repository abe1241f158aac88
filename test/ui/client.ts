/** What stands behind the page in tests of its state: no workers, no files. */
import type { PlannedOutput } from '../../src/merge/size.ts';
import type { ModelFacts } from '../../src/pipeline.ts';
import { guessMapping, isDocumented, mapTable, rolesOf } from '../../src/score/columns.ts';
import { readExamplesText } from '../../src/score/examples-text.ts';
import { parseTable } from '../../src/score/table.ts';
import { checkWeights, weigh, weighAround } from '../../src/score/weights.ts';
import { readAsked } from '../../src/source/hub-id.ts';
import type { ModelRef } from '../../src/source/source.ts';
import type { Client } from '../../src/worker/client.ts';

export const ranOn = {
  provider: 'wasm',
  adapter: undefined,
  threadCount: 2,
  reason: 'no-adapter',
} as const;

export const planned: PlannedOutput = {
  tensorCount: 70,
  parameterCount: 1_862_000,
  bytes: { F32: 7_450_000, F16: 3_725_000, BF16: 3_725_000, 'as-model-1': 3_725_000 },
  tensorBytes: {
    F32: [4_000_000, 3_448_000],
    F16: [2_000_000, 1_724_000],
    BF16: [2_000_000, 1_724_000],
    'as-model-1': [2_000_000, 1_724_000],
  },
};

export function factsOf(name: string): ModelFacts {
  return {
    name,
    kind: 'demo',
    modelType: 'bert',
    parameterCount: 1_862_000,
    dtypes: ['F16'],
    checkpointBytes: 3_724_576,
    bytesToFetch: 0,
    task: 'encoder',
    tasks: ['encoder'],
    lacking: {},
    pooling: 'mean',
    normalised: true,
    maxTokens: 128,
    prompts: { query: '', document: '' },
    promptsFrom: 'none',
    licence: 'apache-2.0',
    problems: [],
    otherwise: {},
  };
}

/** Three embedded models that fit, one example, mixtures that are made at once; `answers` instead where given. */
export function standIn(answers: Partial<Client>): Client {
  let merges = 0;
  return {
    setToken: async () => undefined,
    demo: async () => ({
      models: ['base', 'bank', 'science'].map((name): ModelRef => ({ kind: 'demo', name })),
      examples: [{ query: 'q', positives: ['p'], negatives: ['n', 'o'] }],
      samples: [
        { id: 'banking', kind: 'contrastive', source: 'banking77', licence: 'CC BY 4.0' },
        { id: 'intents', kind: 'completion', source: 'banking77', licence: 'CC BY 4.0' },
      ],
    }),
    sample: async (id) =>
      id === 'intents'
        ? { kind: 'completion', examples: [{ input: id, output: 'o' }] }
        : { kind: 'contrastive', examples: [{ query: id, positives: ['s'], negatives: [] }] },
    modelLimit: 16,
    readAsked: (text) => readAsked(text, 'https://huggingface.co'),
    search: async () => ({ models: [], more: 'no' }),
    pin: async (id) => ({ kind: 'hub', id, revision: 'main', commit: 'c0ffee' }),
    groupLocal: () => Promise.resolve([]),
    inspect: async (model) => factsOf(model.kind === 'hub' ? model.id : model.name),
    compare: async () => ({
      problems: [],
      output: planned,
    }),
    readTable: async (file, name) => parseTable(await readExamplesText(file, name)),
    guessMapping,
    isDocumented,
    mapTable,
    rolesOf,
    score: async ({ models }) => ({
      losses: [0.1, 0.5, 2].slice(0, models.length),
      lossesWithout: [],
      examplesSha256: 'e'.repeat(64),
      ranOn,
      problems: [],
      seconds: 1,
    }),
    outputs: async () => ({ outputs: [], ranOn }),
    tryOut: async ({ question: { kind } }) => ({ kind, base: [], other: [], mixture: [] }),
    tokenize: async () => [],
    weigh,
    weighAround,
    checkWeights,
    prepareMerge: () => undefined,
    merge: async () => ({
      job: `job-${++merges}`,
      name: 'mixture',
      madeMs: 0,
      files: [],
      seconds: 1,
      continuedBytes: 0,
      proof: { checks: [] },
    }),
    identify: async () => [],
    checkCard: async () => undefined,
    saveCard: async (output) => output,
    generatedCard: async () => '',
    openFile: async () => new File([], 'config.json'),
    openZip: async () => new File([], 'mixture.zip'),
    saveInto: async ({ name }) => name,
    listKept: async () => ({ models: [], outputs: [], unfinished: [] }),
    removeKept: async () => undefined,
    room: async () => undefined,
    ...answers,
  };
}
