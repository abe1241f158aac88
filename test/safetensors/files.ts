/** Safetensors files made of plain data, and what is said when their headers are refused. */
import { KnownError } from '../../src/errors.ts';

/** A file with this header text, whatever it says, and these bytes of data. */
export function fileOf(header: string, data: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

/** Code and facts of the known error that `act` throws, without `file`; `undefined` when it throws none. */
export function thrownBy(act: () => unknown): readonly [string, Record<string, unknown>] | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    return [error.code, Object.fromEntries(Object.entries(error.facts).filter(([fact]) => fact !== 'file'))];
  }
}
