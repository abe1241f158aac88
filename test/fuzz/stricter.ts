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

const bin: Reasons = {
  'file-too-large': 'records of a word that hold a book',
  'torch-big-endian': 'a record `byteorder` that says so; torch swaps',
  'torch-global': 'names that no state dict of tensors needs, though torch allows them',
  'torch-opcode': 'opcodes that no writer of state dicts uses',
  'torch-pickle-damaged': 'an opcode, an argument or an end that torch passes over or makes nothing of',
  'torch-record-odd': 'a storage longer than its description',
  'torch-record-missing': 'a record that torch does without',
  'torch-script': 'code beside the tensors: for torch it is a program only with constants.pkl',
  'torch-tensor-invalid':
    'a view that repeats its elements beyond its storage: a few bytes would say gigabytes',
  'zip-compressed': 'a deflated record: its values cannot be read in place',
  'zip-damaged': 'directory, headers and ends that disagree, where torch believes one of them',
  'zip-encrypted': 'a bit that says so, which torch does not look at in the header of a file',
  'zip-entry-twice': 'a path twice: torch takes one of the two',
  'zip-path-unsafe': 'a path that could leave its folder',
  'zip-split': 'a number of a part of a split zip, which torch does not look at',
};

export const stricter: Readonly<Record<Exclude<Kind, 'attack'>, Reasons>> = { header, index, bin };
