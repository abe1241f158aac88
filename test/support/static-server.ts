/**
 * Serves folders as any static host would: the built app or the harness, families from where they lie. Takes merged
 * checkpoints back. One origin, with the headers that it is told to send.
 */
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
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
};

/** What threads in WebAssembly need. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export interface ServerOptions {
  /** Folder that `POST /upload/NAME` writes to. */
  readonly uploads?: string;
  /** Sent with every answer, as they are when it is asked for; as by default, what threads need. */
  readonly headers?: Readonly<Record<string, string>>;
  /** 0, as by default, takes a free one. */
  readonly port?: number;
}

/** @param mounts URL prefix to folder, longest prefix first */
export async function serveFolders(
  mounts: readonly (readonly [string, string])[],
  { uploads, headers = isolation, port: wanted = 0 }: ServerOptions = {},
): Promise<StaticServer> {
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    answer(request, response, mounts, uploads).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(wanted, '127.0.0.1', resolve));
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
