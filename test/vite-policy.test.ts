import { describe, expect, test } from 'vitest';
import { contentPolicy, headersOf, parseHub, printHeadersFile } from '../vite.policy.ts';

const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; " +
  "connect-src 'self' https://huggingface.co https://*.huggingface.co https://*.hf.co; " +
  "style-src 'self'; img-src 'self' data:; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'";

describe('parseHub', () => {
  test('is the Hub where nothing is set', () => {
    expect(parseHub(undefined).url).toBe('https://huggingface.co');
  });

  test('takes the first origin for the Hub and allows them all', () => {
    expect(parseHub('http://127.0.0.1:9871  http://localhost:*')).toEqual({
      url: 'http://127.0.0.1:9871',
      origins: ['http://127.0.0.1:9871', 'http://localhost:*'],
    });
  });

  test.each([
    ['nothing', ''],
    ['a star first', 'https://*.example'],
    ['no scheme', 'huggingface.co'],
    ['a path', 'https://mirror.example/hub'],
    ["the policy's own words", "https://a.example 'unsafe-inline'"],
    ['another directive', 'https://a.example;script-src'],
    ['a mark', 'https://a.example "'],
    ['everything', 'https://a.example *'],
  ])('refuses %s', (_what, setting) => {
    expect(() => parseHub(setting)).toThrow('SHAKER_HUB');
  });
});

describe('contentPolicy', () => {
  test('is exactly this for the Hub', () => {
    expect(contentPolicy(parseHub(undefined))).toBe(policy);
  });

  test('lets another Hub be asked, and nobody else', () => {
    const connect = contentPolicy(parseHub('https://mirror.example'))
      .split('; ')
      .find((part) => part.startsWith('connect-src'));
    expect(connect).toBe("connect-src 'self' https://mirror.example");
  });

  test('allows no inline script or style, and no evaluating but of WebAssembly', () => {
    expect(policy).not.toMatch(/'unsafe-|data:.*script|nonce|\*(?!\.)/);
  });
});

describe('printHeadersFile', () => {
  test('sends everything with every file', () => {
    expect(printHeadersFile(headersOf(parseHub(undefined)))).toBe(
      `/*\n  Content-Security-Policy: ${policy}; frame-ancestors 'none'\n` +
        '  Cross-Origin-Opener-Policy: same-origin\n  Cross-Origin-Embedder-Policy: require-corp\n' +
        '  Referrer-Policy: no-referrer\n  X-Content-Type-Options: nosniff\n',
    );
  });
});
