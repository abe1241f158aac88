/**
 * What `JSON.parse` forgives and a table of contents must not: a key given twice (the last one wins silently),
 * an integer in the clothes of a fraction, half a surrogate pair, brackets without end.
 */

export interface Blemish {
  readonly kind: 'duplicate-key' | 'integer-spelling' | 'lone-surrogate';
  /** Keys from the outermost object to where the blemish is; the elements of an array stand under the array's key. */
  readonly path: readonly string[];
  /** The key, number or string at fault, as written. */
  readonly text: string;
}

/** An object (its keys so far) or an array (no keys) that is open at this point of the text. */
interface Open {
  readonly keys: Set<string> | undefined;
  /** What the next value belongs to. */
  key: string | undefined;
  /** True where an object's next string is a key. */
  atKey: boolean;
}

/** A number, `true`, `false` or `null`. */
const word = /[-+.\w]+/y;

/**
 * Every blemish of a text that `JSON.parse` has accepted, in its order; the grammar is not checked again.
 * Time: linear. Memory: the keys of the objects that are open.
 */
export function* findBlemishes(json: string): Generator<Blemish> {
  const stack: Open[] = [];
  const path = (): string[] => stack.flatMap(({ key }) => key ?? []);
  for (let at = 0; at < json.length;) {
    const open = stack.at(-1);
    const start = at;
    switch (json[start]) {
      case '{':
        stack.push({ keys: new Set(), key: undefined, atKey: true });
        at++;
        break;
      case '[':
        stack.push({ keys: undefined, key: undefined, atKey: false });
        at++;
        break;
      case '}':
      case ']':
        stack.pop();
        at++;
        break;
      case ',':
        if (open?.keys !== undefined) open.atKey = true;
        at++;
        break;
      case '"': {
        at = stringEnd(json, start);
        const literal = json.slice(start, at);
        const text = literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
        const isKey = open?.keys !== undefined && open.atKey;
        if (isKey) {
          open.key = text;
          open.atKey = false;
          if (open.keys.has(text)) yield { kind: 'duplicate-key', path: path(), text: literal };
          open.keys.add(text);
        }
        if (/\p{Surrogate}/u.test(text)) yield { kind: 'lone-surrogate', path: path(), text: literal };
        break;
      }
      case ':':
      case ' ':
      case '\n':
      case '\r':
      case '\t':
        at++;
        break;
      default: {
        word.lastIndex = start;
        const text = word.exec(json)?.[0] ?? json.slice(start);
        if (isOddInteger(text)) yield { kind: 'integer-spelling', path: path(), text };
        at += text.length;
      }
    }
  }
}

/** Just past the closing quote of the string that starts at `start`; at or past the end of a text that lacks it. */
function stringEnd(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** `1.0`, `1e3` and `-0`, which `JSON.parse` makes integers of. */
function isOddInteger(text: string): boolean {
  return /^-?\d/.test(text) && !/^(?:0|-?[1-9]\d*)$/.test(text) && Number.isInteger(Number(text));
}

/** What a text may hold, whatever it says. */
export interface JsonLimits {
  /** Brackets open at once. */
  readonly depth: number;
  /** Brackets opened, and commas: about as many as there are values. */
  readonly values: number;
}

/**
 * Which limit any text, valid or not, exceeds first. Asked before `JSON.parse`, which spends up to a hundred bytes of
 * memory on three of text: a hostile file of 8 MB would take 200, one of 40 MB of brackets would end the worker.
 */
export function excessOf(text: string, { depth, values }: JsonLimits): keyof JsonLimits | undefined {
  let openCount = 0;
  let valueCount = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
      case '[':
        if (++openCount > depth) return 'depth';
        if (++valueCount > values) return 'values';
        break;
      case ',':
        if (++valueCount > values) return 'values';
        break;
      case '}':
      case ']':
        openCount--;
        break;
      case '"':
        at = stringEnd(text, at) - 1;
        break;
      default:
    }
  }
  return undefined;
}
