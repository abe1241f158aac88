/** Where a model's bytes come from: the one interface that everything behind it reads through. */

export interface Entry {
  /** Path inside the model's folder, `/`-separated, e.g. `1_Pooling/config.json`. */
  readonly path: string;
  readonly bytes: number;
  /** What pins the content: Hub commit and oid; local name, size and date; embedded: the build's hash. Equal identity, equal bytes. */
  readonly identity: string;
  /** A hash of the content where the source states one (Hub: the LFS or git oid): equal in any repository, equal bytes. */
  readonly oid?: string;
}

/** A file that lies in this browser's storage, opened so that it is read at once, twenty times as fast as a Blob. Close it. */
export interface StoredFile {
  readonly bytes: number;
  /** Fills `into` from byte `at` on. Throws `storage-unavailable` where the file ends before, or the handle was lost. */
  read(into: Uint8Array, at: number): void;
  close(): void;
}

export interface Source {
  /** What to call this model in messages, e.g. `BAAI/bge-small-en@a1b2c3d`. */
  readonly name: string;
  /** Paths, sizes and identities, without reading a file. */
  list(): Promise<readonly Entry[]>;
  /**
   * The file at `path`, or `undefined` when the model has no such file. Reading a range of a file that
   * changed since throws `source-changed`.
   */
  open(path: string): Promise<Blob | undefined>;
  /** The file at `path` where it lies in this browser's storage and nobody else holds it; absent from sources that keep nothing there. */
  openStored?(path: string): Promise<StoredFile | undefined>;
}

/** A file that a person picked or dropped, with its path inside the model's folder. */
export interface LocalFile {
  readonly path: string;
  readonly file: File;
}

/** A model as the page knows it: enough for any worker to open it, and nothing that dies with a worker. */
export type ModelRef =
  | { readonly kind: 'demo'; readonly name: string }
  | { readonly kind: 'local'; readonly name: string; readonly files: readonly LocalFile[] }
  | {
      readonly kind: 'hub';
      readonly id: string;
      readonly revision: string;
      readonly commit: string;
      /** As the Hub's metadata states it, for a model whose card does not. */
      readonly licence?: string;
    };
