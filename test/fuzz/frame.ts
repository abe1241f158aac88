/** Cases as tools/fuzz_oracle.py reads them: the length of a JSON text, the text, which lists paths and sizes, the files. */
import type { Case } from './cases.ts';

export function printFrame(number: number, { files }: Case): Uint8Array {
  const paths = Object.entries(files).map(([path, { length }]) => [path, length]);
  const head = Buffer.from(JSON.stringify({ number, files: paths }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, ...Object.values(files)]);
}
