/** What did the computing, and why, as a sentence. */
import type { Scores } from '../pipeline.ts';
import { formatExact } from './format.ts';
import { m } from './messages/messages.js';

type RanOn = Scores['ranOn'];

export function ranOnSentence({ provider, adapter, threadCount, reason, refusal }: RanOn): string {
  if (provider === 'webgpu') return m.ran_on_gpu({ adapter: adapter ?? m.adapter_unnamed() });
  switch (reason) {
    case 'no-adapter':
      return m.ran_on_cpu_no_adapter({ threads: threadCount });
    case 'software-adapter':
      return m.ran_on_cpu_software({ threads: threadCount });
    case 'gpu-short':
      return refusal === undefined
        ? m.ran_on_cpu({ threads: threadCount })
        : shortSentence(refusal, threadCount);
    case 'asked':
    case 'gpu':
      return m.ran_on_cpu({ threads: threadCount });
  }
}

function shortSentence({ code, facts }: NonNullable<RanOn['refusal']>, threads: number): string {
  const needBytes = formatExact(facts.needBytes);
  switch (code) {
    case 'gpu-too-small': {
      const { tensor, limitBytes } = facts;
      return m.ran_on_cpu_too_small({ threads, tensor, needBytes, limitBytes: formatExact(limitBytes) });
    }
    case 'gpu-full':
      return m.ran_on_cpu_full({ threads, needBytes });
  }
}
