/** Our own zips, whole in memory. */
import { planZip, runZip, type ZipEntry } from '../../src/export/zip.ts';

export interface Packed {
  readonly path: string;
  readonly content: Uint8Array | string;
}

export function toEntry({ path, content }: Packed): ZipEntry {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return {
    path,
    bytes: bytes.byteLength,
    read: (into, at) => into.set(bytes.subarray(at, at + into.byteLength)),
  };
}

export async function packZip(files: readonly Packed[], folder: string): Promise<Uint8Array<ArrayBuffer>> {
  return writeWhole(files.map(toEntry), folder);
}

export async function writeWhole(
  entries: readonly ZipEntry[],
  folder: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const plan = planZip(entries, folder);
  const whole = new Uint8Array(plan.bytes);
  await runZip(plan, (chunk, at) => whole.set(chunk, at));
  return whole;
}
