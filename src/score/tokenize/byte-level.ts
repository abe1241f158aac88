/** Bytes as printable characters, so that a vocabulary of bytes can be written as text. Source: GPT-2, `bytes_to_unicode`. */

/** (256,) the character of each byte: itself where it is printable, else one from U+0100 on. */
const characters: readonly string[] = (() => {
  let unprintable = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : 0x100 + unprintable++);
  });
})();

const encoder = new TextEncoder();

/** The bytes of the text's UTF-8, a character each. */
export function toByteCharacters(text: string): string {
  if (/^[!-~]*$/.test(text)) return text;
  let done = '';
  for (const byte of encoder.encode(text)) done += characters[byte]!;
  return done;
}

const bytesOf: ReadonlyMap<string, number> = new Map(characters.map((character, byte) => [character, byte]));

/** The bytes that such characters stand for; `undefined` where one of them stands for none. */
export function toBytes(text: string): Uint8Array | undefined {
  const bytes = Array.from(text, (character) => bytesOf.get(character));
  return bytes.some((byte) => byte === undefined) ? undefined : Uint8Array.from(bytes as number[]);
}
