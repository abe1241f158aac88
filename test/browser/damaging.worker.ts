/**
 * The engine's worker on a disk that changes what is written: the worker's name says how. The fault lies under
 * everything of ours, in the browser's own file handle, at the moment in which a file is complete.
 */
import '../../src/worker/engine.ts';

interface Entry {
  readonly dtype: string;
  readonly data_offsets: readonly [number, number];
}

interface Written {
  readonly handle: FileSystemSyncAccessHandle;
  readonly bytes: number;
  /** The header's JSON, which starts at byte 8. */
  readonly header: string;
  /** The first float32 tensor's first byte in the file. */
  readonly at: number;
}

/** What happens to a checkpoint. */
const damages: Readonly<Record<string, (written: Written) => void>> = {
  'a flipped bit': ({ handle, bytes }) => {
    const byte = new Uint8Array(1);
    // the least of the last value: a number as good as before
    handle.read(byte, { at: bytes - 4 });
    handle.write(Uint8Array.of(byte[0]! ^ 1), { at: bytes - 4 });
  },
  'a NaN': ({ handle, at }) => void handle.write(Uint8Array.of(0, 0, 0xc0, 0x7f), { at }),
  'an infinity': ({ handle, at }) => void handle.write(Uint8Array.of(0, 0, 0x80, 0xff), { at }),
  'a missing end': ({ handle, bytes }) => handle.truncate(bytes - 4),
  'another name': (written) => rewrite(written, 'embeddings.LayerNorm.bias', 'embeddings.LayerNorm.bios'),
  'another dtype': (written) => rewrite(written, '"dtype":"F32"', '"dtype":"I32"'),
  'a broken header': (written) => rewrite(written, '{', '['),
};

function rewrite({ handle, header }: Written, from: string, to: string): void {
  const changed = header.replace(from, to);
  if (changed === header) throw new Error(`there is no ${from} to damage`);
  handle.write(new TextEncoder().encode(changed), { at: 8 });
}

/** What the handle holds, if it is a checkpoint. */
function readCheckpoint(handle: FileSystemSyncAccessHandle): Written | undefined {
  const bytes = handle.getSize();
  const length = new DataView(new ArrayBuffer(8));
  if (bytes < 8 || handle.read(length, { at: 0 }) < 8) return undefined;
  const headerBytes = Number(length.getBigUint64(0, true));
  if (headerBytes > bytes - 8) return undefined;
  const json = new Uint8Array(headerBytes);
  handle.read(json, { at: 8 });
  const header = new TextDecoder().decode(json);
  const entries = Object.values(JSON.parse(header) as Record<string, Partial<Entry>>);
  const start = entries.find(({ dtype }) => dtype === 'F32')?.data_offsets?.[0] ?? 0;
  return { handle, bytes, header, at: 8 + headerBytes + start };
}

const { write } = FileSystemSyncAccessHandle.prototype;
FileSystemSyncAccessHandle.prototype.write = function (buffer, options) {
  const count = write.call(this, buffer, options);
  // a checkpoint has its length from the start, and is complete with the write that reaches its end
  const isLast = (options?.at ?? 0) + count === this.getSize();
  const written = isLast && !damaging ? readCheckpoint(this) : undefined;
  damaging = true;
  if (written !== undefined) damages[self.name]?.(written);
  else if (isLast && self.name === 'a changed small file' && isJson(buffer)) {
    write.call(this, new TextEncoder().encode(' '), { at: 1 });
  }
  damaging = false;
  return count;
};

/** While it writes itself. */
let damaging = false;

/** config.json and its like. */
function isJson(buffer: AllowSharedBufferSource): boolean {
  const bytes = ArrayBuffer.isView(buffer) ? buffer : new Uint8Array(buffer);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, 1)[0] === '{'.charCodeAt(0);
}
