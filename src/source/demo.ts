/**
 * The models that come with the app, served beside the page: `manifest.json` (written by tools/demo.ts) names
 * their files, sizes and hashes, and every file is checked against it before it is used.
 */
import { KnownError } from '../errors.ts';
import { toHex } from './digest.ts';
import type { Entry, Source } from './source.ts';

export interface DemoFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A set of examples to begin with: JSON with `kind`, `source`, `licence` and `examples`. */
export interface DemoSample extends DemoFile {
  readonly id: string;
  /** What its examples are: a query with its texts, each with negatives, or an input with its output. */
  readonly kind: 'contrastive' | 'completion';
  /** The data set that its texts are from, and on what terms. */
  readonly source: string;
  readonly licence: string;
}

export interface DemoManifest {
  /** In the order of the page's cards: the first is the base. */
  readonly models: readonly { readonly name: string; readonly files: readonly DemoFile[] }[];
  /** The sample examples, JSON. */
  readonly examples: DemoFile;
  /** In the order of the page's menu. */
  readonly samples: readonly DemoSample[];
}

/** What `baseUrl` (the address of the `demo/` folder, with or without the last slash) has to offer. Throws `demo-unavailable`. */
export async function readDemoManifest(baseUrl: string): Promise<DemoManifest> {
  const file = 'manifest.json';
  const { bytes, status } = await fetchWhole(baseUrl, file);
  try {
    // built and served together with this code: its shape is its own
    return JSON.parse(new TextDecoder().decode(bytes)) as DemoManifest;
  } catch (error) {
    // a server that answers every path with its home page
    throw new KnownError('demo-unavailable', { file, status }, { cause: error });
  }
}

/** The sample examples' text. Throws `demo-unavailable`. */
export async function readDemoExamples(baseUrl: string): Promise<string> {
  const { examples } = await readDemoManifest(baseUrl);
  return new TextDecoder().decode(await fetchChecked(baseUrl, examples));
}

/** The examples of a sample set, as text. Throws `demo-unavailable`. */
export async function readDemoSample(
  id: string,
  baseUrl: string,
): Promise<Pick<DemoSample, 'kind'> & { readonly text: string }> {
  const { samples } = await readDemoManifest(baseUrl);
  const sample = samples.find((sample) => sample.id === id);
  if (sample === undefined) throw new KnownError('demo-unavailable', { file: id, status: 404 });
  const text = new TextDecoder().decode(await fetchChecked(baseUrl, sample));
  // written by tools/samples.ts, and its hash is the manifest's
  const { examples } = JSON.parse(text) as { readonly examples: unknown };
  return { kind: sample.kind, text: JSON.stringify(examples) };
}

/** The embedded model `name`. A file is fetched whole when it is opened, once. Throws `demo-unavailable`. */
export function openDemo(name: string, baseUrl: string): Source {
  let listed: Promise<readonly DemoFile[]> | undefined;
  const opened = new Map<string, Promise<Blob>>();

  const listFiles = (): Promise<readonly DemoFile[]> => {
    listed ??= readFiles(name, baseUrl).catch((error: unknown) => {
      listed = undefined;
      throw error;
    });
    return listed;
  };

  return {
    name,
    async list() {
      return (await listFiles()).map(toEntry);
    },
    async open(path) {
      const file = (await listFiles()).find((file) => file.path === path);
      if (file === undefined) return undefined;
      const blob =
        opened.get(path) ??
        fetchChecked(baseUrl, { ...file, path: `${name}/${path}` }).then(
          (bytes) => new Blob([bytes]),
          (error: unknown) => {
            opened.delete(path);
            throw error;
          },
        );
      opened.set(path, blob);
      return blob;
    },
  };
}

async function readFiles(name: string, baseUrl: string): Promise<readonly DemoFile[]> {
  const { models } = await readDemoManifest(baseUrl);
  const model = models.find((model) => model.name === name);
  if (model === undefined) throw new KnownError('demo-unavailable', { file: name, status: 404 });
  return model.files;
}

function toEntry({ path, bytes, sha256 }: DemoFile): Entry {
  const oid = `sha256:${sha256}`;
  return { path, bytes, identity: oid, oid };
}

async function fetchChecked(
  baseUrl: string,
  { path, bytes, sha256 }: DemoFile,
): Promise<Uint8Array<ArrayBuffer>> {
  const got = await fetchWhole(baseUrl, path);
  if (got.bytes.byteLength === bytes) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', got.bytes));
    if (toHex(digest) === sha256) return got.bytes;
  }
  throw new KnownError('demo-unavailable', { file: path, status: got.status });
}

/** `status` is 0 where no answer came at all. */
async function fetchWhole(
  baseUrl: string,
  file: string,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly status: number }> {
  let status = 0;
  try {
    const response = await fetch(`${baseUrl.replace(/\/$/, '')}/${file}`);
    status = response.status;
    if (response.ok) return { bytes: new Uint8Array(await response.arrayBuffer()), status };
  } catch (error) {
    throw new KnownError('demo-unavailable', { file, status }, { cause: error });
  }
  throw new KnownError('demo-unavailable', { file, status });
}
