/**
 * A folder of files as one zip, piece by piece: stored, not compressed, since the values of a model hardly shrink.
 * The only door to client-zip, which writes zip64 where a size or an offset needs it.
 */
import { makeZip, predictLength } from 'client-zip';
import { KnownError } from '../errors.ts';

export interface ZipEntry {
  /** Path inside the folder, `/`-separated. */
  readonly path: string;
  readonly bytes: number;
  /** Fills `into` from byte `at` of the file on, or throws. */
  read(into: Uint8Array, at: number): void | Promise<void>;
}

export interface ZipPlan {
  /** The folder's name. */
  readonly folder: string;
  /** In the order in which they will lie. */
  readonly entries: readonly ZipEntry[];
  /** Of the whole zip, known before anything is read. */
  readonly bytes: number;
}

/** Zips hold local time without a zone: midnight where it is read, whatever the clock says. The earliest date a zip can hold. */
const lastModified = new Date(1980, 0, 1);

/** `entries` in the order given, inside `folder`. */
export function planZip(entries: readonly ZipEntry[], folder: string): ZipPlan {
  const sizes = entries.map(({ path, bytes }) => ({ name: nameIn(folder, path), size: bytes }));
  return { folder, entries, bytes: Number(predictLength(sizes)) };
}

/**
 * Gives the zip's bytes to `write`, from the first to the last; equal plans give equal bytes. A chunk's memory is used again
 * once `write` is done with it, so that the memory that this takes does not depend on the files. Throws `output-damaged`
 * rather than end at another length than planned.
 */
export async function runZip(
  { folder, entries, bytes }: ZipPlan,
  write: (chunk: Uint8Array, at: number) => void | Promise<void>,
): Promise<void> {
  const buffers = [new Uint8Array(pieceBytes), new Uint8Array(pieceBytes)];
  const zip = makeZip(
    entries.map((entry) => ({
      name: nameIn(folder, entry.path),
      input: streamOf(entry, buffers),
      lastModified,
    })),
  );
  let at = 0;
  for (const reader = zip.getReader(); ;) {
    const { value: chunk, done } = await reader.read();
    if (done) break;
    await write(chunk, at);
    at += chunk.byteLength;
  }
  if (at === bytes) return;
  throw new KnownError('output-damaged', { file: `${folder}.zip`, why: `${at} bytes, ${bytes} planned` });
}

function nameIn(folder: string, path: string): string {
  return `${folder}/${path}`;
}

/** 1 MiB: near a disk's speed, and small beside the processor's caches, which its CRC-32 is made from. */
const pieceBytes = 1024 * 1024;

/**
 * Reads a piece when it is asked for one, and never ahead. The zip's own stream holds one piece ahead of the one that is
 * written: two buffers by turns are enough, and `buffers` are turned.
 */
function streamOf(entry: ZipEntry, buffers: Uint8Array[]): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        const count = Math.min(pieceBytes, entry.bytes - at);
        if (count === 0) return controller.close();
        const buffer = buffers.shift()!;
        buffers.push(buffer);
        const piece = buffer.subarray(0, count);
        await entry.read(piece, at);
        at += count;
        controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Long enough to tell mixtures apart; with folders around it, short of the 255 bytes that a name may have. */
const nameLength = 64;

/** Names that Windows keeps for devices, with any extension. */
const deviceName = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** `name` as a file or folder name on any system: letters, digits, `.`, `_` and `-`; `mixture` when nothing is left. */
export function safeName(name: string): string {
  const plain = name.normalize('NFKC').replace(/[^\p{L}\p{N}._]+/gu, '-');
  const cut = Array.from(plain.replace(/^[.-]+/, ''))
    .slice(0, nameLength)
    .join('')
    .replace(/[.-]+$/, '');
  if (cut === '') return 'mixture';
  return deviceName.test(cut) ? `mixture-${cut}` : cut;
}
