import { afterEach, describe, expect, test, vi } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { Saving } from '../../src/ui/saving.svelte.ts';
import { Task } from '../../src/ui/task.svelte.ts';
import type { Client } from '../../src/worker/client.ts';
import { standIn } from './client.ts';

const output = { job: 'one', name: 'mix-one' };
const folder = { kind: 'directory', name: 'Models' } as FileSystemDirectoryHandle;

function open(saveInto: Client['saveInto']) {
  const task = new Task((show) => show());
  return { task, saving: new Saving(standIn({ saveInto }), task) };
}

/** What the browser's own dialog answers. */
function answerPicker(answer: () => Promise<FileSystemDirectoryHandle>): void {
  vi.stubGlobal('showDirectoryPicker', answer);
}

afterEach(() => void vi.unstubAllGlobals());

describe('Saving', () => {
  test('offers folders only where the browser has the dialog', () => {
    const { saving } = open(async () => '');
    expect(saving.folders).toBe(false);
    answerPicker(async () => folder);
    expect(saving.folders).toBe(true);
  });

  test('says in which folder an output was saved, and of no other output', async () => {
    answerPicker(async () => folder);
    const { saving } = open(async () => 'mix-one-2');
    await saving.folder(output);
    expect(saving.savedIn('one')).toBe('Models/mix-one-2');
    expect(saving.savedIn('two')).toBeUndefined();
    expect(saving.failures('one')).toEqual([]);
  });

  test('does nothing when no folder was picked', async () => {
    answerPicker(async () => {
      throw new DOMException('The user aborted a request.', 'AbortError');
    });
    const { saving } = open(async () => 'mix-one');
    await saving.folder(output);
    expect([saving.savedIn('one'), saving.failures('one')]).toEqual([undefined, []]);
  });

  test('says what went wrong, and first what happened where something was left', async () => {
    answerPicker(async () => folder);
    const denied = new KnownError('folder-denied', { folder: 'mix-one' });
    const leftover = new KnownError(
      'folder-leftover',
      { folder: 'Models', name: 'mix-one' },
      { cause: denied },
    );
    const { saving } = open(async () => {
      throw leftover;
    });
    await saving.folder(output);
    expect(saving.failures('one')).toEqual([denied, leftover]);
    expect(saving.failures('two')).toEqual([]);
  });

  test('says after a stop only what it left', async () => {
    answerPicker(async () => folder);
    const stop = new DOMException('stopped', 'AbortError');
    const leftover = new KnownError(
      'folder-leftover',
      { folder: 'Models', name: 'mix-one' },
      { cause: stop },
    );
    let fail: (error: Error) => void = () => undefined;
    const { saving, task } = open(() => new Promise((_, reject) => (fail = reject)));
    const end = saving.folder(output);
    await expect.poll(() => task.phase.at).toBe('running');
    task.stop();
    fail(leftover);
    await end;
    expect(saving.failures('one')).toEqual([leftover]);
  });

  test('saves nothing while another task runs', async () => {
    answerPicker(async () => folder);
    const { saving, task } = open(async () => 'mix-one');
    let done: () => void = () => undefined;
    const running = task.run('score', () => new Promise<void>((resolve) => (done = resolve)));
    await saving.folder(output);
    expect(saving.savedIn('one')).toBeUndefined();
    done();
    await running;
  });
});
