/**
 * The stand-in Hub for tests that run in the browser: each function runs in Node when a test calls it by its
 * name on `commands` of `vitest/browser`. Every test file starts a Hub of its own and closes it.
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BrowserCommandContext } from 'vitest/node';
import { startHub, type Fault, type Hub, type HubRepository, type LogLine } from './hub.ts';

/** A repository by its folder below the project's, or made for the test with one `model.safetensors` of so many bytes. */
export type CommandRepository = HubRepository | { readonly bytes: number };

export interface StartedHub {
  readonly url: string;
  readonly cdnUrl: string;
  readonly token: string;
  /** Of `main`, by id. */
  readonly commits: Readonly<Record<string, string>>;
}

declare module 'vitest/browser' {
  interface BrowserCommands {
    startHub(repositories: Readonly<Record<string, CommandRepository>>): Promise<StartedHub>;
    /** No fault ends it. */
    setHubFault(url: string, key: string, fault: Fault | Fault[] | undefined): Promise<void>;
    /** Requests since the last call, and what the Hub complained about. */
    takeHubLog(url: string): Promise<{ readonly log: LogLine[]; readonly complaints: string[] }>;
    closeHub(url: string): Promise<void>;
  }
}

const running = new Map<string, { readonly hub: Hub; readonly made: readonly string[] }>();

export const hubCommands = {
  async startHub(
    { project }: BrowserCommandContext,
    asked: Readonly<Record<string, CommandRepository>>,
  ): Promise<StartedHub> {
    const repositories: Record<string, HubRepository> = {};
    const made: string[] = [];
    for (const [id, repository] of Object.entries(asked)) {
      if ('folder' in repository) {
        repositories[id] = { ...repository, folder: join(project.config.root, repository.folder) };
      } else {
        const folder = await makeFolder(repository.bytes);
        repositories[id] = { folder };
        made.push(folder);
      }
    }
    const hub = await startHub({ repositories });
    running.set(hub.url, { hub, made });
    const commits = Object.fromEntries(Object.keys(asked).map((id) => [id, hub.commit(id)]));
    return { url: hub.url, cdnUrl: hub.cdnUrl, token: hub.token, commits };
  },

  setHubFault(
    _context: BrowserCommandContext,
    url: string,
    key: string,
    fault: Fault | Fault[] | undefined,
  ): void {
    const { faults } = running.get(url)!.hub;
    // what is absent in the browser arrives as null
    if (fault) faults.set(key, fault);
    else faults.delete(key);
  },

  takeHubLog(_context: BrowserCommandContext, url: string): { log: LogLine[]; complaints: string[] } {
    const { log, complaints } = running.get(url)!.hub;
    return { log: log.splice(0), complaints: complaints.splice(0) };
  },

  async closeHub(_context: BrowserCommandContext, url: string): Promise<void> {
    const { hub, made } = running.get(url)!;
    running.delete(url);
    await hub.close();
    for (const folder of made) await rm(folder, { recursive: true });
  },
};

/** Each 4 bytes hold their own number, so that a piece in the wrong place shows. */
async function makeFolder(bytes: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hub-'));
  const numbers = Uint32Array.from({ length: Math.ceil(bytes / 4) }, (_, i) => i);
  const content = Buffer.from(numbers.buffer).subarray(0, bytes);
  await pipeline(Readable.from([content]), createWriteStream(join(folder, 'model.safetensors')));
  return folder;
}
