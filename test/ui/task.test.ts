import { describe, expect, test } from 'vitest';
import type { Progress, Report } from '../../src/progress.ts';
import { Task } from '../../src/ui/task.svelte.ts';

/** A task whose frames and clock are in the test's hands, and work that ends when the test says so. */
function start() {
  const frames: (() => void)[] = [];
  let nowMs = 0;
  const task = new Task(
    (show) => frames.push(show),
    () => nowMs,
  );
  let report: Report = () => undefined;
  let finish: (value: string) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const end = task.run('score', (watch) => {
    report = watch.report ?? report;
    return new Promise<string>((resolve, reject) => {
      finish = resolve;
      fail = reject;
      watch.signal?.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
    });
  });
  return {
    task,
    frames,
    end,
    report: (progress: Progress, atMs = 0) => {
      nowMs = atMs;
      report(progress);
    },
    finish: (value: string) => finish(value),
    fail: (error: Error) => fail(error),
  };
}

function batch(done: number, subject = 'base'): Progress {
  return { stage: 'score', subject, done, total: 10, unit: 'batches' };
}

describe('Task', () => {
  test('shows the latest of many reports once a frame', () => {
    const { task, frames, report } = start();
    report(batch(1));
    report(batch(2));
    report(batch(3));
    expect(frames).toHaveLength(1);
    frames[0]?.();
    expect(task.phase).toMatchObject({ at: 'running', progress: { done: 3 } });
  });

  test('says rate and time left', () => {
    const { task, frames, report } = start();
    report(batch(0), 0);
    report(batch(4), 2000);
    frames[0]?.();
    expect(task.phase).toMatchObject({ pace: { perSecond: 2, secondsLeft: 3 } });
  });

  test('starts the clock again when the next model begins', () => {
    const { task, frames, report } = start();
    report(batch(10), 0);
    report(batch(0, 'bank'), 5000);
    report(batch(1, 'bank'), 6000);
    frames[0]?.();
    expect(task.phase).toMatchObject({ pace: { perSecond: 1 } });
  });

  test('does not show a report that comes after the result', async () => {
    const { task, frames, end, report, finish } = start();
    report(batch(9));
    finish('losses');
    expect(await end).toEqual({ at: 'done', value: 'losses' });
    frames[0]?.();
    report(batch(10));
    expect(task.phase).toEqual({ at: 'idle' });
    expect(frames).toHaveLength(1);
  });

  test('stops without an error when asked to', async () => {
    const { task, end } = start();
    task.stop();
    expect(task.phase).toEqual({ at: 'stopping', kind: 'score' });
    expect(await end).toEqual({ at: 'stopped' });
    expect(task.phase).toEqual({ at: 'idle' });
  });

  test('hands on any other failure, and can run again', async () => {
    const { task, end, fail } = start();
    fail(new Error('broken'));
    await expect(end).rejects.toThrow('broken');
    expect(task.phase).toEqual({ at: 'idle' });
  });
});
