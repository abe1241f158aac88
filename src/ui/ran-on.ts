/** What did the computing, and why, as a sentence. */
import type { Scores } from '../pipeline.ts';
import { m } from './messages/messages.js';

type RanOn = Scores['ranOn'];

export function ranOnSentence({ provider, adapter, threadCount, reason }: RanOn): string {
  if (provider === 'webgpu') return m.ran_on_gpu({ adapter: adapter ?? m.adapter_unnamed() });
  switch (reason) {
    case 'no-adapter':
      return m.ran_on_cpu_no_adapter({ threads: threadCount });
    case 'software-adapter':
      return m.ran_on_cpu_software({ threads: threadCount });
    case 'asked':
    case 'gpu':
      return m.ran_on_cpu({ threads: threadCount });
  }
}
