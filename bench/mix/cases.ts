/** What is mixed: models that tools/make_pair.py makes, and how each contestant is asked to mix them. */

export interface Case {
  readonly name: string;
  /** Folder of `make_pair.py`, and the models of it in order. */
  readonly made: string;
  readonly models: readonly string[];
  /** (models,) they sum to 1. */
  readonly weights: readonly number[];
  /** As they are stored; the mixture is to be stored so, too. */
  readonly dtype: 'F32' | 'BF16';
  /** The reference's word for the architecture. */
  readonly type: 'encoder' | 'decoder';
}

export const cases: readonly Case[] = [
  {
    ...{ name: 'pair-90mb', made: 'minilm', models: ['a', 'b'], weights: [0.4, 0.6] },
    ...{ dtype: 'F32', type: 'encoder' },
  },
  {
    ...{ name: 'pair-1.2gb', made: 'qwen3-0.6b', models: ['a', 'b'], weights: [0.4, 0.6] },
    ...{ dtype: 'BF16', type: 'decoder' },
  },
  {
    ...{ name: 'pair-5gb', made: 'qwen3-5gb', models: ['a', 'b'], weights: [0.4, 0.6] },
    ...{ dtype: 'BF16', type: 'decoder' },
  },
  {
    ...{ name: 'ten-90mb', made: 'minilm', models: [...'abcdefghij'], weights: Array<number>(10).fill(0.1) },
    ...{ dtype: 'F32', type: 'encoder' },
  },
];
