/**
 * The part of an address after `#`, which no browser sends to a server, as fields: `key=value&key=value`. A key may
 * come again; an order is kept.
 */

export type Field = readonly [key: string, value: string];

/** Without the `#`. */
export function printFragment(fields: readonly Field[]): string {
  return fields.map(([key, value]) => `${key}=${encode(value)}`).join('&');
}

/** `undefined` for what is not of this form. `text` may start with its `#`. */
export function parseFragment(text: string): readonly Field[] | undefined {
  const parts = text.replace(/^#/, '').split('&');
  const fields: Field[] = [];
  for (const part of parts) {
    const at = part.indexOf('=');
    if (at <= 0) return undefined;
    try {
      fields.push([part.slice(0, at), decodeURIComponent(part.slice(at + 1))]);
    } catch {
      return undefined;
    }
  }
  return fields;
}

/** Ids, commits and numbers stay readable: these four mean nothing in a fragment. */
function encode(value: string): string {
  // half of a pair has no code to print
  const whole = value.replace(/\p{Cs}/gu, '\ufffd');
  return encodeURIComponent(whole).replace(/%(?:2F|40|3A|2C)/g, decodeURIComponent);
}
