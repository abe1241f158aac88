/**
 * The one piece of long work that runs at a time: what it is, how far it is, and its stop. Reports may come
 * thousands of times a second and even after the result; they are shown once a frame, and late ones not at all.
 */
import { paceOf, type Pace, type Progress } from '../progress.ts';
import type { Watch } from '../worker/client.ts';

export type TaskKind = 'identify' | 'score' | 'mix' | 'pack' | 'save' | 'try';

export type TaskPhase =
  | { readonly at: 'idle' }
  | { readonly at: 'running'; readonly kind: TaskKind; readonly progress?: Progress; readonly pace?: Pace }
  | { readonly at: 'stopping'; readonly kind: TaskKind };

export class Task {
  // raw: a phase is replaced, never edited
  #phase = $state.raw<TaskPhase>({ at: 'idle' });
  #controller: AbortController | undefined;
  readonly #nextFrame: (show: () => void) => void;
  readonly #nowMs: () => number;

  constructor(
    nextFrame: (show: () => void) => void = (show) => requestAnimationFrame(show),
    nowMs: () => number = () => performance.now(),
  ) {
    this.#nextFrame = nextFrame;
    this.#nowMs = nowMs;
  }

  get phase(): TaskPhase {
    return this.#phase;
  }

  isRunning(kind: TaskKind): boolean {
    return this.#phase.at !== 'idle' && this.#phase.kind === kind;
  }

  /** Runs `work` to its end. `stopped` when it was stopped; whatever else it throws is the caller's. */
  async run<T>(
    kind: TaskKind,
    work: (watch: Watch) => Promise<T>,
  ): Promise<{ at: 'done'; value: T } | { at: 'stopped' }> {
    // a dialog of the browser's may have let another one begin
    if (this.#phase.at !== 'idle') return { at: 'stopped' };
    const controller = new AbortController();
    this.#controller = controller;
    this.#phase = { at: 'running', kind };
    try {
      return {
        at: 'done',
        value: await work({ signal: controller.signal, report: this.#reporter(controller, kind) }),
      };
    } catch (error) {
      if (controller.signal.aborted && error instanceof Error && error.name === 'AbortError')
        return { at: 'stopped' };
      throw error;
    } finally {
      this.#controller = undefined;
      this.#phase = { at: 'idle' };
    }
  }

  stop(): void {
    if (this.#phase.at !== 'running') return;
    this.#phase = { at: 'stopping', kind: this.#phase.kind };
    this.#controller?.abort();
  }

  #reporter(controller: AbortController, kind: TaskKind): (progress: Progress) => void {
    let first: { readonly progress: Progress; readonly ms: number } | undefined;
    let latest: { readonly progress: Progress; readonly ms: number } | undefined;
    let waiting = false;
    const show = (): void => {
      waiting = false;
      if (this.#controller !== controller || this.#phase.at !== 'running' || !first || !latest) return;
      const pace = paceOf(first.progress, first.ms, latest.progress, latest.ms);
      this.#phase = { at: 'running', kind, progress: latest.progress, pace };
    };
    return (progress) => {
      if (this.#controller !== controller) return;
      latest = { progress, ms: this.#nowMs() };
      // a new stage, or the next model's batches, starts its own clock
      if (!first || !isContinued(first.progress, progress)) first = latest;
      if (waiting) return;
      waiting = true;
      this.#nextFrame(show);
    };
  }
}

function isContinued(first: Progress, next: Progress): boolean {
  return first.stage === next.stage && first.total === next.total && next.done >= first.done;
}
