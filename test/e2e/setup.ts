/** Builds the app once, against a stand-in Hub at an address fixed here, and serves it as any static host would. */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { serveFolders } from '../support/static-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    appUrl: string;
    dist: string;
    hubPort: number;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const root = join(import.meta.dirname, '../..');
  const dist = join(root, '.cache/e2e/dist');
  const hubPort = await freePort();
  const environment: NodeJS.ProcessEnv = { ...process.env, NODE_ENV: 'production' };
  environment['SHAKER_HUB'] = `http://127.0.0.1:${hubPort}`;
  // the build is the app's own, not a test's
  delete environment['VITEST'];
  execFileSync('npx', ['vite', 'build', '--outDir', dist, '--emptyOutDir', '--logLevel', 'error'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const server = await serveFolders([['/', dist]]);
  project.provide('appUrl', server.url);
  project.provide('dist', dist);
  project.provide('hubPort', hubPort);
  return () => server.close();
}

/** A port that was free a moment ago: the build has to know it before the stand-in starts. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
