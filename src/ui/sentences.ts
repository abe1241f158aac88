/** From what went wrong to the sentence that a person reads, in the language of the page. */
import { failures } from 'virtual:languages';
import { KnownError, type ErrorCode, type FactsOf, type Problem, type SettingName } from '../errors.ts';
import { formatExact } from './format.ts';
import { taskNames } from './kinds.ts';
import { m } from './messages/messages.js';

type Key<Code extends string> = Code extends `${infer Head}-${infer Rest}` ? `${Head}_${Key<Rest>}` : Code;

/** Numbers reach a sentence printed for the page's language. */
type Printed<Facts> = { [Name in keyof Facts]: string };

/** A code without a message, or a message that wants a fact which its code lacks, does not compile. */
const sentences: {
  readonly [Code in ErrorCode as `error_${Key<Code>}`]: (facts: Printed<FactsOf[Code]>) => string;
} = failures as typeof m;

/** Settings are called what their fields are called. */
const settings: Readonly<Record<SettingName, () => string>> = {
  'batch-size': m.batch_size,
  'negative-count': m.negative_count,
  temperature: m.temperature,
  alpha: m.alpha,
  'max-input-tokens': m.max_input_tokens,
};

function print({ code, facts }: Pick<Problem, 'code' | 'facts'>): Record<string, string> {
  const printed = Object.entries(facts).map(([name, fact]: [string, string | number]) => [
    name,
    typeof fact === 'number' ? formatExact(fact) : fact,
  ]);
  const named = Object.fromEntries(printed) as Record<string, string>;
  if ('task' in facts) {
    return { ...named, task: taskNames[facts.task]() };
  }
  if (code !== 'setting-invalid') return named;
  const { setting, value } = facts as FactsOf['setting-invalid'];
  // an emptied field has no number
  return { setting: settings[setting](), value: value === 'NaN' ? m.setting_empty() : value };
}

/** What is wrong, by name, and what to do. */
export function problemSentence(problem: Pick<Problem, 'code' | 'facts'>): string {
  const key = `error_${problem.code.replaceAll('-', '_')}` as keyof typeof sentences;
  // the code and its facts belong together; the type of the table has checked each pair
  const sentence = sentences[key] as (facts: Record<string, string>) => string;
  return sentence(print(problem));
}

/** The same for anything thrown: what is not in the table of errors is said plainly, with its own words. */
export function errorSentence(error: Error): string {
  return error instanceof KnownError ? problemSentence(error) : m.error_unknown({ message: error.message });
}
