import { describe, expect, test } from 'vitest';
import { toVersion } from '../vite.offline.ts';

const contents = (more: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> =>
  new Map(Object.entries({ 'index.html': '<p>', 'assets/a.js': '1', 'sw.js': 'keep', ...more }));

describe('toVersion', () => {
  test('is another one whenever any file is, the page and the service worker among them', () => {
    const { version } = toVersion(contents());
    expect(toVersion(contents()).version).toBe(version);
    for (const path of ['index.html', 'assets/a.js', 'sw.js', 'new.txt']) {
      expect(toVersion(contents({ [path]: '2' })).version, path).not.toBe(version);
    }
  });

  test('keeps every file by its hash but those that no page loads', () => {
    const { files } = toVersion(contents({ _headers: '/*' }));
    // SHA-256 of "1"
    expect(files).toEqual([
      { path: 'assets/a.js', integrity: 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s=' },
    ]);
  });

  test.each([
    ['assets/ort-wasm-simd-threaded-DcHrbrbl.wasm', 'wasm'],
    ['assets/ort-wasm-simd-threaded.jspi-CZzFqCHi.wasm', 'jspi'],
    ['assets/ort-wasm-simd-threaded.asyncify-D5D0fo7z.wasm', 'webgpu'],
  ])('says which browsers need %s', (path, build) => {
    expect(toVersion(new Map([[path, '']])).files).toMatchObject([{ path, build }]);
  });

  test('refuses a part of the runtime that it does not know', () => {
    expect(() => toVersion(new Map([['assets/ort-wasm-other-x.wasm', '']]))).toThrow(
      'no build of the runtime',
    );
  });
});
