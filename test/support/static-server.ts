/** Serves the built harness, families from where they lie, and takes merged checkpoints back. One origin, isolated unless asked otherwise. */
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface StaticServer {
  readonly url: string;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/**
 * @param mounts URL prefix to folder, longest prefix first
 * @param uploads folder that `POST /upload/NAME` writes to
 * @param isolation `none` is a host that sends no headers of its own: WebAssembly has one thread there
 */
export async function serveFolders(
  mounts: readonly (readonly [string, string])[],
  uploads?: string,
  isolation: 'isolated' | 'none' = 'isolated',
): Promise<StaticServer> {
  const server = createServer((request, response) => {
    if (isolation === 'isolated') isolate(response);
    answer(request, response, mounts, uploads).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** What threads in WebAssembly need. */
function isolate(response: ServerResponse): void {
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  mounts: readonly (readonly [string, string])[],
  uploads: string | undefined,
): Promise<void> {
  const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
  if (request.method === 'POST' && uploads !== undefined && path.startsWith('/upload/')) {
    await pipeline(request, createWriteStream(join(uploads, path.slice('/upload/'.length))));
    response.end();
    return;
  }
  const mount = mounts.find(([prefix]) => path.startsWith(prefix));
  const file = mount && join(mount[1], normalize('/' + path.slice(mount[0].length)));
  const found = file !== undefined && statSync(file, { throwIfNoEntry: false });
  if (!found || file === undefined) {
    response.statusCode = 404;
    response.end();
    return;
  }
  const target = found.isDirectory() ? join(file, 'index.html') : file;
  response.setHeader('Content-Type', types[extname(target)] ?? 'application/octet-stream');
  response.setHeader('Content-Length', statSync(target).size);
  await pipeline(createReadStream(target), response);
}
