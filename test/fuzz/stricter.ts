/** What Python reads and we refuse, by kind and code, and why. A code that is not here is a failure, not a choice. */
import type { ErrorCode } from '../../src/errors.ts';
import type { Kind } from './cases.ts';

type Reasons = Readonly<Partial<Record<ErrorCode, string>>>;

const header: Reasons = {
  'dtype-unknown': 'eight-bit floats and complex numbers: not values to average',
  'header-json': '`"__metadata__": null`, and headers beyond our limits',
  'header-too-large': 'above 8 MiB, where the reference takes 100 MB',
  'tensor-duplicate': 'a name twice: the last one wins in Python',
  'tensor-entry-invalid': 'fields that the format does not know, a field twice',
  'shape-overflow': 'sizes above 2^53',
};

const index: Reasons = {
  ...header,
  'index-invalid':
    'a tensor listed twice (the last one wins in Python), words that are not JSON (NaN), a limit of size',
  'index-path-unsafe': 'a shard that is not a plain name beside the index, even where it leads back to one',
  'index-tensor-missing': 'a listed tensor that its shard lacks: transformers would make values up',
  'tensor-in-two-shards': 'the later shard wins in Python',
};

export const stricter: Readonly<Record<Exclude<Kind, 'attack'>, Reasons>> = { header, index, bin: {} };
