/** Errors through Comlink itself, over a real message channel. */
import { expose, proxy, wrap, type Remote } from 'comlink';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { carryKnownErrors } from '../../src/worker/wire.ts';

carryKnownErrors();

const far = {
  fail(): never {
    throw new KnownError('hub-status', { host: 'huggingface.co', file: 'config.json', status: 503 });
  },
  async failLater(): Promise<never> {
    await Promise.resolve();
    throw new KnownError('examples-empty', {}, { cause: new Error('why') });
  },
  stop(): never {
    AbortSignal.abort().throwIfAborted();
    throw new Error('was not stopped');
  },
  stopWithout(): never {
    throw new DOMException('The user aborted a request.', 'AbortError');
  },
  bug(): never {
    return (undefined as unknown as { f(): never }).f();
  },
  fullDisk(): never {
    throw new DOMException('no room', 'QuotaExceededError');
  },
  throwText(): never {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- libraries do
    throw 'a text';
  },
  async callBack(work: () => Promise<void>): Promise<string> {
    return work().then(
      () => 'nothing',
      (error: unknown) => (error instanceof KnownError ? error.code : 'another error'),
    );
  },
  works: (): number => 7,
};

let near: Remote<typeof far>;
let channel: MessageChannel;

beforeEach(() => {
  channel = new MessageChannel();
  expose(far, channel.port1);
  near = wrap<typeof far>(channel.port2);
});

afterEach(() => {
  channel.port1.close();
  channel.port2.close();
});

async function thrownBy(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value) => {
      throw new Error(`it gave ${String(value)}`);
    },
    (error: unknown) => error,
  );
}

describe('an error on the wire', () => {
  test('keeps its code and facts', async () => {
    const error = await thrownBy(near.fail());
    expect(error).toBeInstanceOf(KnownError);
    expect(error).toMatchObject({
      code: 'hub-status',
      facts: { host: 'huggingface.co', file: 'config.json', status: 503 },
    });
  });

  test('keeps them when a promise rejects, without its cause', async () => {
    const error = await thrownBy(near.failLater());
    expect(error).toBeInstanceOf(KnownError);
    expect(error).toMatchObject({ code: 'examples-empty', facts: {} });
    expect((error as Error).cause).toBeUndefined();
  });

  test.each(['stop', 'stopWithout'] as const)('keeps the class of an abort: %s', async (name) => {
    const error = await thrownBy(near[name]());
    expect(error).toBeInstanceOf(DOMException);
    expect(error).toMatchObject({ name: 'AbortError' });
  });

  test('keeps the name, message and stack of a bug', async () => {
    const error = await thrownBy(near.bug());
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(KnownError);
    expect(error).toMatchObject({
      name: 'TypeError',
      message: expect.stringContaining('undefined') as string,
    });
    expect((error as Error).stack).toContain('wire.test.ts');
  });

  test('keeps the name of any other exception', async () => {
    expect(await thrownBy(near.fullDisk())).toMatchObject({ name: 'QuotaExceededError', message: 'no room' });
  });

  test('makes an error of what is none', async () => {
    const error = await thrownBy(near.throwText());
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ message: 'a text' });
  });

  test('keeps its code in the other direction, too', async () => {
    const work = proxy((): Promise<void> => Promise.reject(new KnownError('gpu-missing', {})));
    expect(await near.callBack(work)).toBe('gpu-missing');
  });

  test('leaves values alone', async () => {
    expect(await near.works()).toBe(7);
  });
});
