/**
 * What the page and its workers may do, decided when the app is built: one setting names the Hub, and the client, the
 * content security policy and every header are made from it, here and nowhere else.
 *
 * The policy goes out three times: as a meta tag in the built page, so that it holds on a host that sends no headers; as
 * `_headers` beside it, for hosts that read that file; and from the preview server. docs/deploy.md says it for others.
 *
 * Source: https://www.w3.org/TR/CSP3/
 */
import type { Plugin } from 'vite';

/** The Hub, its own subdomains, and the domain of its file servers, to which files are redirected. */
const defaultSetting = 'https://huggingface.co https://*.huggingface.co https://*.hf.co';

/** A scheme, a host that may begin with `*.`, and a port that may be any. Source: CSP3, host-source. */
const originPattern = /^https?:\/\/(\*\.)?[a-z0-9.-]+(:(\d+|\*))?$/i;

export interface Hub {
  /** Origin that the client asks. */
  readonly url: string;
  /** Every origin that may be asked, the Hub's own first: its files may lie elsewhere. */
  readonly origins: readonly string[];
}

/**
 * `SHAKER_HUB`: origins separated by spaces. The first is the Hub; the others, which may hold a `*`, are where its files
 * are redirected to. Throws a sentence for anything else: what is written here becomes part of a policy.
 */
export function parseHub(setting: string | undefined): Hub {
  const origins = (setting ?? defaultSetting).split(' ').filter((origin) => origin !== '');
  const wrong = origins.find((origin) => !originPattern.test(origin));
  if (wrong !== undefined) {
    throw new Error(
      `SHAKER_HUB: ${wrong} is not an origin; write origins like https://mirror.example, with spaces between.`,
    );
  }
  const [url] = origins;
  if (url === undefined || url.includes('*')) {
    throw new Error(
      'SHAKER_HUB: the first origin is the one that is asked, so it must be there and have no *.',
    );
  }
  return { url, origins };
}

/** The policy as a meta tag can state it. */
export function contentPolicy({ origins }: Hub): string {
  return [
    "default-src 'none'",
    // compiling WebAssembly is all the evaluating that is done
    "script-src 'self' 'wasm-unsafe-eval'",
    // a worker loaded by its address takes its policy from its own answer; one from a blob takes the page's
    "worker-src 'self' blob:",
    `connect-src ${["'self'", ...origins].join(' ')}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "manifest-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** What WebAssembly needs from the server to have threads. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Every header that a server should send. A meta tag cannot say who may frame the page; a header can. */
export function headersOf(hub: Hub): Readonly<Record<string, string>> {
  return {
    'Content-Security-Policy': `${contentPolicy(hub)}; frame-ancestors 'none'`,
    ...isolation,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
}

/** The `_headers` file of Netlify, Cloudflare Pages and others. Source: https://docs.netlify.com/routing/headers/ */
export function printHeadersFile(headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}\n`);
  return `/*\n${lines.join('')}`;
}

/** The first thing in the page: a policy does not hold for what stands before it. The charset belongs in the first 1024 bytes. */
const firstTag = '<meta charset="utf-8" />';

/** Writes the policy into the built page and `_headers` beside it. The development server needs inline scripts. */
export function policyPlugin(hub: Hub): Plugin {
  return {
    name: 'shaker-policy',
    apply: 'build',
    transformIndexHtml: {
      order: 'pre',
      handler(html) {
        if (!html.includes(firstTag))
          throw new Error(`index.html has no ${firstTag} to put the policy behind`);
        const tag = `<meta http-equiv="Content-Security-Policy" content="${contentPolicy(hub)}" />`;
        return html.replace(
          firstTag,
          () => `${firstTag}\n    ${tag}\n    <meta name="referrer" content="no-referrer" />`,
        );
      },
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: '_headers', source: printHeadersFile(headersOf(hub)) });
    },
  };
}
