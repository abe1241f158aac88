/**
 * A folder of files as one zip, streamed: stored, not compressed, since the values of a model hardly shrink.
 * The only door to client-zip, which writes zip64 where a size or an offset needs it.
 */
import { makeZip, predictLength } from 'client-zip';
import { KnownError } from '../errors.ts';

export interface ZipEntry {
  /** Path inside the folder, `/`-separated. */
  readonly path: string;
  readonly file: Blob;
}

export interface Zip {
  readonly stream: ReadableStream<Uint8Array>;
  /** Known before the first byte is read. The stream fails with `output-damaged` rather than end elsewhere. */
  readonly bytes: number;
}

/** Zips hold local time without a zone: midnight where it is read, whatever the clock says. The earliest date a zip can hold. */
const lastModified = new Date(1980, 0, 1);

/** `files` in the order given, inside `folder`. Equal inputs give equal bytes. */
export function zipStream(files: readonly ZipEntry[], folder: string): Zip {
  const entries = files.map(({ path, file }) => ({
    name: `${folder}/${path}`,
    input: file,
    size: file.size,
    lastModified,
  }));
  const bytes = Number(predictLength(entries));
  const stream = makeZip(entries.map(({ name, input }) => ({ name, input: pieces(input), lastModified })));
  return { stream: stream.pipeThrough(checkLength(bytes, `${folder}.zip`)), bytes };
}

/** 4 MiB: large enough for a disk's speed. */
const pieceBytes = 4 * 1024 * 1024;

/** In pieces that are asked for one by one: a Blob's own stream reads ahead, and its chunks pile up faster than they are freed. */
async function* pieces(file: Blob): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < file.size; start += pieceBytes) {
    yield new Uint8Array(await file.slice(start, start + pieceBytes).arrayBuffer());
  }
}

function checkLength(wantBytes: number, file: string): TransformStream<Uint8Array, Uint8Array> {
  let gotBytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      gotBytes += chunk.byteLength;
      controller.enqueue(chunk);
    },
    flush() {
      if (gotBytes === wantBytes) return;
      throw new KnownError('output-damaged', { file, why: `${gotBytes} bytes, ${wantBytes} planned` });
    },
  });
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
