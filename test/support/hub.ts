/**
 * A stand-in for the Hub: folders on disk behind the part of its protocol that reads models, on two origins as
 * the real one. The Hub answers the API and small files; large files (LFS) are redirected to a second origin,
 * which takes no token. What it does not know it refuses and writes down in `complaints`.
 *
 *   GET       /api/models?search=…&sort=downloads&limit=…&expand=…&cursor=…
 *   GET       /api/models/{id}/revision/{rev}?expand=…
 *   GET       /api/models/{id}/tree/{rev}[/path]?recursive=…&expand=…&limit=…&cursor=…
 *   GET HEAD  /{id}/resolve/{rev}/{path}                          302 to the second origin, or 307 to:
 *   GET HEAD  /api/resolve-cache/models/{id}/{commit}/{path}
 *
 * Source: https://huggingface.co/docs/hub/api; headers as the clients in JavaScript and Python read them.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  answerFiles,
  answerHub,
  strangerToken,
  token,
  type Answer,
  type Fault,
  type Served,
  type State,
} from './hub-answers.ts';
import { travel } from './hub-distance.ts';
import { readSnapshot, type Snapshot } from './hub-repository.ts';

export interface HubRepository {
  /** What `main` holds. */
  readonly folder: string;
  /** What other branches, tags and `refs/pr/1` hold, by name. */
  readonly revisions?: Readonly<Record<string, string>>;
  readonly access?: 'public' | 'private' | 'gated';
  /** As its page would state it; 0 by default. */
  readonly downloads?: number;
}

export type { Fault } from './hub-answers.ts';

export interface LogLine {
  /** `hub`, or `files` for the second origin. */
  readonly at: 'hub' | 'files';
  readonly method: string;
  readonly url: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  readonly status: number;
  /** Of headers and body, as far as they were sent. */
  readonly bytes: number;
  /** Of the body, as it was handed to the connection. */
  readonly bodyBytes: number;
}

export interface Hub {
  readonly url: string;
  /** The second origin. */
  readonly cdnUrl: string;
  /** Opens private and gated models. `strangerToken` is valid, and opens nothing. */
  readonly token: string;
  readonly strangerToken: string;
  /**
   * By `owner/name` (every request about the model), `owner/name/path` (one file) or `search`. A list has one for each
   * request, and then none.
   */
  readonly faults: Map<string, Fault | Fault[]>;
  /** Every request, in the order in which they came. */
  readonly log: LogLine[];
  /** What a client asked that the Hub does not know. */
  readonly complaints: string[];
  /** The commit of a revision, `main` when none is named. */
  commit(id: string, revision?: string): string;
  close(): Promise<void>;
}

export interface HubOptions {
  /** By id; a string is the folder of a public model. */
  readonly repositories: Readonly<Record<string, string | HubRepository>>;
  /** 0, as by default, takes a free one. */
  readonly port?: number;
  /** Entries of a page of the listing; the Hub's own is 1,000. */
  readonly pageEntries?: number;
  /** How far away it is, see hub-distance.ts; 0 by default. */
  readonly roundTripMs?: number;
}

export async function startHub(options: HubOptions): Promise<Hub> {
  const served = new Map<string, Served>();
  for (const [id, repository] of Object.entries(options.repositories)) {
    served.set(
      id,
      await readServed(id, typeof repository === 'string' ? { folder: repository } : repository),
    );
  }
  const state: State = {
    served,
    pageEntries: options.pageEntries ?? 1000,
    roundTripMs: options.roundTripMs ?? 0,
    url: '',
    cdnUrl: '',
    faults: new Map(),
    log: [],
    complaints: [],
    signed: new Map(),
  };
  const hub = listen('hub', answerHub, state);
  const files = listen('files', answerFiles, state);
  state.url = await bind(hub, '127.0.0.1', options.port ?? 0);
  // another name as well as another port: Python's client takes the port for no difference
  state.cdnUrl = await bind(files, 'localhost', 0);

  const { url, cdnUrl, faults, log, complaints } = state;
  return {
    ...{ url, cdnUrl, token, strangerToken, faults, log, complaints },
    commit(id, revision = 'main') {
      const snapshot = served.get(id)?.snapshots.get(revision);
      if (snapshot === undefined) throw new Error(`no ${id} at ${revision}`);
      return snapshot.commit;
    },
    async close() {
      await Promise.all([shut(hub), shut(files)]);
    },
  };
}

async function readServed(id: string, repository: HubRepository): Promise<Served> {
  const snapshots = new Map<string, Snapshot>();
  for (const [name, folder] of Object.entries({ main: repository.folder, ...repository.revisions })) {
    const snapshot = await readSnapshot(folder);
    snapshots.set(name, snapshot).set(snapshot.commit, snapshot);
  }
  return { id, access: repository.access ?? 'public', downloads: repository.downloads ?? 0, snapshots };
}

function listen(at: 'hub' | 'files', answer: Answer, state: State): Server {
  return createServer((request, response) => {
    const { method = '', url = '/', headers } = request;
    const before = request.socket.bytesWritten;
    const sent = (): number => Math.max(0, request.socket.bytesWritten - before);
    let closedAt: number | undefined;
    response.on('close', () => (closedAt = sent()));
    const body = countBody(response);
    state.log.push({
      ...{ at, method, url, range: headers.range, authorization: headers.authorization },
      get status() {
        return response.statusCode;
      },
      // the connection goes on to carry other answers
      get bytes() {
        return closedAt ?? sent();
      },
      get bodyBytes() {
        return body.bytes;
      },
    });
    const base = at === 'hub' ? state.url : state.cdnUrl;
    const answered = travel(request.socket, state.roundTripMs).then(() =>
      answer(request, response, new URL(url, base), state),
    );
    answered.catch((error: unknown) => {
      state.complaints.push(`${method} ${url}: ${String(error)}`);
      response.destroy();
    });
  });
}

/** Counts what is written and ended with; a HEAD's body, which is not sent, is never handed over here. */
function countBody(response: ServerResponse): { readonly bytes: number } {
  const body = { bytes: 0 };
  const count = (chunk: unknown): void => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) body.bytes += Buffer.byteLength(chunk);
  };
  const { write, end } = response;
  response.write = function (this: ServerResponse, ...inputs: unknown[]) {
    count(inputs[0]);
    return write.apply(response, inputs as Parameters<typeof write>);
  } as typeof write;
  response.end = function (this: ServerResponse, ...inputs: unknown[]) {
    count(inputs[0]);
    return end.apply(response, inputs as Parameters<typeof end>);
  } as typeof end;
  return body;
}

function bind(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(port, host, () => resolve(`http://${host}:${(server.address() as AddressInfo).port}`));
  });
}

function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
