import { expect, test } from 'vitest';
import { ranOnSentence } from '../../src/ui/ran-on.ts';

const cpu = { provider: 'wasm', adapter: undefined, threadCount: 2, reason: 'gpu-short' } as const;

test('says which tensor the GPU did not take', () => {
  const facts = { tensor: 'head', needBytes: 300_000_000, limitBytes: 134_217_728 };
  const refusal = { severity: 'note', code: 'gpu-too-small', facts } as const;
  expect(ranOnSentence({ ...cpu, refusal })).toBe(
    'Ran on the CPU, threads: 2, because the tensor head needs 300,000,000 bytes in one piece and this GPU takes 134,217,728.',
  );
});

test('says for how much the GPU had no room', () => {
  const refusal = { severity: 'note', code: 'gpu-full', facts: { needBytes: 250_000_000 } } as const;
  expect(ranOnSentence({ ...cpu, refusal })).toBe(
    'Ran on the CPU, threads: 2, because this GPU had no room for 250,000,000 bytes.',
  );
});
