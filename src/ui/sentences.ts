/** From what went wrong to the sentence that a person reads, in the language of the page. */
import { KnownError, type ErrorCode, type FactsOf, type Problem } from '../errors.ts';
import { formatExact } from './format.ts';
import { m } from './messages/messages.js';

type Key<Code extends string> = Code extends `${infer Head}-${infer Rest}` ? `${Head}_${Key<Rest>}` : Code;

/** Numbers reach a sentence printed for the page's language. */
type Printed<Facts> = { [Name in keyof Facts]: string };

/** A code without a message, or a message that wants a fact which its code lacks, does not compile. */
const sentences: {
  readonly [Code in ErrorCode as `error_${Key<Code>}`]: (facts: Printed<FactsOf[Code]>) => string;
} = m;

function print(facts: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [
      name,
      typeof fact === 'number' ? formatExact(fact) : String(fact),
    ]),
  );
}

/** What is wrong, by name, and what to do. */
export function problemSentence(problem: Pick<Problem, 'code' | 'facts'>): string {
  const key = `error_${problem.code.replaceAll('-', '_')}` as keyof typeof sentences;
  // the code and its facts belong together; the type of the table has checked each pair
  const sentence = sentences[key] as (facts: Record<string, string>) => string;
  return sentence(print(problem.facts));
}

/** The same for anything thrown: what is not in the table of errors is said plainly, with its own words. */
export function errorSentence(error: Error): string {
  return error instanceof KnownError ? problemSentence(error) : m.error_unknown({ message: error.message });
}
