/** The checks of a proof, as names and sentences. */
import type { Check } from '../pipeline.ts';
import { formatBytes, formatExact, formatNumber } from './format.ts';
import { m } from './messages/messages.js';
import { problemSentence } from './sentences.ts';

/** In the order in which they are made. */
export const checkKinds = ['read-back', 'header', 'finite', 'sha256', 'smoke'] as const;

export function checkName(kind: Check['kind']): string {
  switch (kind) {
    case 'read-back':
      return m.check_read_back();
    case 'header':
      return m.check_header();
    case 'finite':
      return m.check_finite();
    case 'sha256':
      return m.check_hash();
    case 'smoke':
      return m.check_smoke();
  }
}

export function checkSentence(check: Check): string {
  switch (check.kind) {
    case 'read-back':
      return m.check_read_back_passed({
        files: formatExact(check.fileCount),
        size: formatBytes(check.bytes),
      });
    case 'header':
      return m.check_header_passed({ tensors: formatExact(check.tensorCount) });
    case 'finite':
      return m.check_finite_passed({ values: formatExact(check.valueCount) });
    case 'sha256':
      return m.check_hash_passed({ files: formatExact(check.fileCount) });
    case 'smoke': {
      if (check.state === 'not-run') return m.check_smoke_not_run({ why: problemSentence(check.why) });
      const facts = { difference: formatNumber(check.difference), limit: formatNumber(check.limit) };
      return check.text === 'example' ? m.check_smoke_example(facts) : m.check_smoke_sentence(facts);
    }
  }
}
