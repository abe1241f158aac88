/**
 * A number as the Rust library reads it from JSON: its digits as one whole number, over a power of ten. The last bit of one in four
 * is another then, and decides between ways to cut a word whose sums are equal on paper.
 *
 * Source: serde_json without `float_roundtrip`.
 */

/** (400,) beyond every power of ten that a double's shortest decimal has. */
const powersOfTen = Float64Array.from({ length: 400 }, (_, power) => Number(`1e${power}`));

const [zero, point, exponentSign] = ['0', '.', 'e'].map((character) => character.charCodeAt(0)) as [
  number,
  number,
  number,
];

/**
 * Digit by digit, without a text for each step, as a vocabulary has 250,000 scores: of at most 17 digits eight are `high` and nine
 * `low`, so that `high` times its power of ten is exact and their sum is rounded once.
 */
export function asLibraryReads(value: number): number {
  // printed without point and exponent, its digits are itself
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < 1e21)) return value;
  const text = String(Math.abs(value));
  let [high, low, lowCount, power, inFraction] = [0, 0, 0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character === point) {
      inFraction = 1;
    } else if (character === exponentSign) {
      power += Number(text.slice(i + 1));
      break;
    } else {
      power -= inFraction;
      const digit = character - zero;
      if (high < 1e7) {
        high = 10 * high + digit;
      } else {
        low = 10 * low + digit;
        lowCount++;
      }
    }
  }
  const whole = high * powersOfTen[lowCount]! + low;
  const size = power < 0 ? whole / powersOfTen[-power]! : whole * powersOfTen[power]!;
  return Math.sign(value) * size;
}
