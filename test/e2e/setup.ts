/** Builds the app for each place, against a stand-in Hub at an address fixed here, and serves it as any static host would. */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { serveFolders, type StaticServer } from '../support/static-server.ts';
import { placeCount } from './places.ts';

const root = join(import.meta.dirname, '../..');

declare module 'vitest' {
  interface ProvidedContext {
    places: readonly Place[];
  }
}

/** One build of the app, see place.ts. */
export interface Place {
  readonly appUrl: string;
  readonly dist: string;
  readonly hubPort: number;
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers: StaticServer[] = [];
  const places: Place[] = [];
  for (let number = 0; number < placeCount; number++) {
    const dist = join(root, `.cache/e2e/dist-${number}`);
    const hubPort = await freePort();
    build(dist, hubPort);
    const server = await serveFolders([['/', dist]]);
    servers.push(server);
    places.push({ appUrl: server.url, dist, hubPort });
  }
  project.provide('places', places);
  return async () => void (await Promise.all(servers.map((server) => server.close())));
}

function build(dist: string, hubPort: number): void {
  const environment: NodeJS.ProcessEnv = { ...process.env, NODE_ENV: 'production' };
  // the stand-in's second origin, where its large files lie, takes whatever port is free
  environment['SHAKER_HUB'] = `http://127.0.0.1:${hubPort} http://localhost:*`;
  // the build is the app's own, not a test's
  delete environment['VITEST'];
  execFileSync('npx', ['vite', 'build', '--outDir', dist, '--emptyOutDir', '--logLevel', 'error'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/**
 * A port for the stand-in, which the build has to know before the stand-in starts. It is bound and freed for every
 * test, so it lies below those that systems hand to whoever asks for any port (Linux from 32768, macOS from
 * 49152), and above those that Chromium refuses; where in between is left to chance, for two runs at a time.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
