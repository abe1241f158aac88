import { describe, expect, test } from 'vitest';
import { nameMistaken } from '../../src/safetensors/mistaken.ts';

/** Each character is a byte. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function name(text: string, bytes = text.length) {
  const error = nameMistaken(bytesOf(text), 'm', bytes);
  return error && [error.code, error.facts];
}

describe('nameMistaken', () => {
  test.each([
    ['a zip as torch saves it', 'PK\x03\x04\0\0\x08\x08', 'file-zip'],
    ['an empty zip', 'PK\x05\x06', 'file-zip'],
    // torch's older format: the protocol, and its magic number as a long
    ['a pickle of torch', '\x80\x02\x8a\x0a\x6c\xfc\x9c\x46', 'file-pickle'],
    ['a framed pickle', '\x80\x04\x95\x10\0\0\0\0\0\0\0}', 'file-pickle'],
    ['a pickle of a dictionary', '\x80\x03}q\0', 'file-pickle'],
    ['a web page', '<!doctype html>\n<html>', 'file-web-page'],
    ['a web page after empty lines', '\n\n  <HTML lang="en">', 'file-web-page'],
    ['a web page after a byte order mark', '\xef\xbb\xbf<html>', 'file-web-page'],
    ['an answer in XML', '<?xml version="1.0"?><Error>AccessDenied</Error>', 'file-web-page'],
  ])('tells %s', (_, text, code) => {
    expect(name(text)).toEqual([code, { file: 'm' }]);
  });

  test.each([
    ['PNG', '\x89PNG\r\n\x1a\n'],
    ['JPEG', '\xff\xd8\xff\xe0'],
    ['GGUF', 'GGUF\x03\0\0\0'],
    ['HDF5', '\x89HDF\r\n\x1a\n'],
    ['PDF', '%PDF-1.7'],
    ['tar', `${'a'.padEnd(257, '\0')}ustar`],
  ])('tells a %s', (kind, text) => {
    expect(name(text)).toEqual(['file-of-other-kind', { file: 'm', kind }]);
  });

  test('tells a pointer, and how large the real file is', () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 133466304\n`;
    expect(name(pointer)).toEqual([
      'file-lfs-pointer',
      { file: 'm', bytes: pointer.length, realBytes: 133466304 },
    ]);
  });

  test('tells an empty file', () => {
    expect(name('', 0)).toEqual(['file-empty', { file: 'm' }]);
  });

  test.each([
    ['safetensors', '\x40\0\0\0\0\0\0\0{"__metadata__":{}}'],
    ['JSON', '{"model_type":"bert"}'],
    ['broken JSON', '{'],
    ['plain text', 'version 1 of something'],
    ['noise', '\x80\xff\0\x01'],
  ])('says nothing of %s', (_, text) => {
    expect(name(text)).toBeUndefined();
  });
});
