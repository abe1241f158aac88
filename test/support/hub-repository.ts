/**
 * A folder on disk as a repository of the stand-in Hub at one revision: the files, their hashes as the Hub
 * states them, and a commit made from them, so that equal folders have equal commits.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface HubFile {
  readonly path: string;
  /** Where the bytes lie on disk. */
  readonly file: string;
  readonly bytes: number;
  /** Git's hash of what git holds: of the file, or of the pointer that stands for it. */
  readonly oid: string;
  /** Present when the file lies outside git (LFS). */
  readonly lfs?: { readonly sha256: string; readonly pointerBytes: number };
}

export interface Snapshot {
  readonly commit: string;
  readonly files: ReadonlyMap<string, HubFile>;
}

/** What the Hub's .gitattributes send to LFS, whatever the size. */
const lfsPattern = /\.(safetensors|bin|pt|onnx|h5|msgpack|model|gguf)$/;
/** The Hub takes larger files only as LFS. */
const gitLimitBytes = 10 * 1024 * 1024;

export async function readSnapshot(folder: string): Promise<Snapshot> {
  const files = new Map<string, HubFile>();
  const commit = createHash('sha1');
  for (const path of (await listPaths(folder, '')).sort()) {
    const file = await readHubFile(path, join(folder, path));
    files.set(path, file);
    commit.update(`${path}\0${file.oid}\n`);
  }
  return { commit: commit.digest('hex'), files };
}

async function listPaths(folder: string, below: string): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await readdir(join(folder, below))) {
    if (name === '.git') continue;
    const path = below === '' ? name : `${below}/${name}`;
    // not the directory entry's own type: a link counts as what it leads to
    const found = await stat(join(folder, path));
    paths.push(...(found.isDirectory() ? await listPaths(folder, path) : [path]));
  }
  return paths;
}

async function readHubFile(path: string, file: string): Promise<HubFile> {
  const bytes = (await stat(file)).size;
  const sha256 = createHash('sha256');
  const git = createHash('sha1').update(`blob ${bytes}\0`);
  for await (const chunk of createReadStream(file)) {
    sha256.update(chunk as Buffer);
    git.update(chunk as Buffer);
  }
  if (!lfsPattern.test(path) && bytes <= gitLimitBytes) return { path, file, bytes, oid: git.digest('hex') };
  const hex = sha256.digest('hex');
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${hex}\nsize ${bytes}\n`;
  const oid = createHash('sha1').update(`blob ${pointer.length}\0${pointer}`).digest('hex');
  return { path, file, bytes, oid, lfs: { sha256: hex, pointerBytes: pointer.length } };
}
