import { describe, expect, test } from 'vitest';
import type { Task as ModelTask } from '../../src/pipeline.ts';
import { printAddress } from '../../src/ui/address.ts';
import { stateOf, stepOf } from '../../src/ui/page-state.ts';
import { Session } from '../../src/ui/session.svelte.ts';
import { factsOf, standIn } from './client.ts';

/** A bar with one embedded model of this kind, which is read once it is `told`. */
function bar(task: ModelTask, ...others: readonly ModelTask[]) {
  let tell = (): void => undefined;
  const told = new Promise<void>((resolve) => (tell = resolve));
  const inspect = async () => {
    await told;
    return { ...factsOf('m'), task, tasks: [task, ...others] };
  };
  const session = new Session(standIn({ inspect }));
  const reading = session.ingredients.setModels([
    { model: { kind: 'demo', name: 'm' }, prompts: { query: 'find: ', document: '' } },
  ]);
  const read = async (): Promise<void> => {
    tell();
    await reading;
  };
  return { session, read };
}

const addressOf = (session: Session) => printAddress(stateOf(session));

describe('the state of the page', () => {
  test('is what was asked for before and after the model is read, and no other step', async () => {
    const { session, read } = bar('decoder', 'encoder');
    session.taste.restoreRunAs('encoder');
    const want = 'm=demo:m&q1=find:%20&d1=&w=examples&t=1&loss=own&dtype=F32&as=encoder';
    const step = stepOf(session, []);
    expect(addressOf(session)).toBe(want);
    await read();
    expect([addressOf(session), stepOf(session, [])]).toEqual([want, step]);
    session.taste.runAs = 'decoder';
    expect(addressOf(session)).not.toContain('as=');
    expect(stepOf(session, [])).not.toBe(step);
  });

  test('drops a correction that model 1 cannot be, which is no step', async () => {
    const { session, read } = bar('encoder');
    session.taste.restoreRunAs('decoder');
    const step = stepOf(session, []);
    await read();
    expect(addressOf(session)).not.toContain('as=');
    expect(stepOf(session, [])).toBe(step);
  });

  test('keeps the definition that was chosen beside rerankers, which the reference cannot score', async () => {
    const { session, read } = bar('reranker', 'encoder');
    await read();
    session.taste.definition = 'reference';
    session.taste.setReference({ batchSize: 5 });
    expect(session.taste.definition).toBe('own');
    expect(addressOf(session)).toContain('loss=reference,5,512,3');
  });
});
