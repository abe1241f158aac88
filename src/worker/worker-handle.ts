/**
 * One worker of the engine, replaceable: a worker that died, hangs or does not stop is terminated, its calls are
 * settled with a KnownError or an AbortError, and the next call starts a new one. Comlink alone would leave them
 * pending for ever.
 */
import { proxy, wrap, type Remote } from 'comlink';
import { KnownError } from '../errors.ts';
import type { Progress, Report } from '../progress.ts';
import type { Check, OnCheck } from '../proof.ts';
import type { LedgerEntry } from '../source/ledger.ts';
import type { Engine } from './engine.ts';
import type { Setup } from './sources.ts';
import { carryKnownErrors } from './wire.ts';

carryKnownErrors();

export interface Watch {
  readonly signal?: AbortSignal | undefined;
  readonly report?: Report | undefined;
  /** Hears of each check of a proof as it passes. */
  readonly check?: OnCheck | undefined;
}

/** How long a worker may take to stop by itself before it is terminated; the whole stop takes under a second. */
const stopMs = 600;

/** A silence of this length while computing is a hang: the slowest batch seen, on a software adapter, took 25 s. */
const hungMs = 180_000;

interface Running {
  readonly worker: Worker;
  readonly remote: Remote<Engine>;
  /** Rejects when the worker is gone, for whatever reason. */
  readonly died: Promise<never>;
  readonly kill: (reason: Error) => void;
  readonly onRequest: (entry: LedgerEntry) => void;
}

/** Callbacks cross as arguments of their own: Comlink carries none inside a value. */
export type Call<T> = (engine: Remote<Engine>, job: string, report: Report, check: OnCheck) => Promise<T>;

/** Comlink drops a call whose proxy is collected while it waits; these stay referenced until the call settles. */
const kept = new Set<Report | OnCheck>();

export class WorkerHandle {
  readonly #start: () => Worker;
  #running: Running | undefined;
  #setup: Setup;
  readonly #record: (entry: LedgerEntry) => void;
  readonly #idleMs: number | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  /** Calls that have not settled. */
  #calls = 0;

  /**
   * @param record hears of every request that leaves the page's origin from one of the workers
   * @param idleMs after so long without a call the worker is ended: WebAssembly's memory never shrinks by itself
   */
  constructor(start: () => Worker, setup: Setup, record: (entry: LedgerEntry) => void, idleMs?: number) {
    this.#start = start;
    this.#setup = setup;
    this.#record = record;
    this.#idleMs = idleMs;
  }

  /** What every worker is told first, a replacement too; kept here, in memory. */
  async begin(setup: Setup): Promise<void> {
    this.#setup = setup;
    await this.#running?.remote.begin(setup, this.#running.onRequest);
  }

  /**
   * Runs one call. Rejects with AbortError within a second of an abort; throws `engine-died`, `engine-hung`. A call
   * whose worker was ended to stop another call is made again, in the next worker.
   */
  async run<T>(call: Call<T>, watch: Watch = {}): Promise<T> {
    this.#calls++;
    clearTimeout(this.#idle);
    try {
      return await this.#try(call, watch);
    } catch (error) {
      const bystander = (error as Error).name === 'AbortError' && watch.signal?.aborted !== true;
      if (!bystander) throw error;
      return await this.#try(call, watch);
    } finally {
      this.#calls--;
      if (this.#calls === 0 && this.#idleMs !== undefined) {
        this.#idle = setTimeout(() => this.close(), this.#idleMs);
      }
    }
  }

  async #try<T>(call: Call<T>, { signal, report, check }: Watch): Promise<T> {
    signal?.throwIfAborted();
    // without what only secure pages have, nothing here could work
    if (!isSecureContext) throw new KnownError('page-insecure', { origin: location.origin });
    const running = (this.#running ??= this.#open());
    const job = crypto.randomUUID();
    const watchdog = new Watchdog(() =>
      running.kill(new KnownError('engine-hung', { seconds: hungMs / 1000 })),
    );
    const onProgress = proxy((progress: Progress) => {
      watchdog.hear(progress);
      report?.(progress);
    });
    const onCheck = proxy((passed: Check) => check?.(passed));
    kept.add(onProgress).add(onCheck);
    const stop = stopper(running, job, signal);
    signal?.addEventListener('abort', stop.request);
    try {
      return await Promise.race([call(running.remote, job, onProgress, onCheck), running.died]);
    } catch (error) {
      // what is left in such a worker cannot be trusted
      if (error instanceof KnownError && (error.code === 'gpu-lost' || error.code === 'runtime-failed')) {
        running.kill(error);
      }
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop.request);
      stop.done();
      watchdog.rest();
      kept.delete(onProgress);
      kept.delete(onCheck);
    }
  }

  /** Gives the worker's memory back; the next call starts a new one. */
  close(): void {
    this.#running?.kill(new DOMException('closed', 'AbortError'));
  }

  #open(): Running {
    const worker = this.#start();
    const remote = wrap<Engine>(worker);
    let reject: (reason: Error) => void;
    const died = new Promise<never>((_, no) => (reject = no));
    // a worker that dies between calls is nobody's error
    died.catch(() => undefined);
    const requests = new Requests(this.#record);
    const onRequest = proxy((entry: LedgerEntry) => requests.hear(entry));
    const kill = (reason: Error): void => {
      worker.terminate();
      requests.stop();
      if (this.#running === running) this.#running = undefined;
      reject(reason);
    };
    const running: Running = { worker, remote, died, kill, onRequest };
    worker.addEventListener('error', (event) => {
      kill(new KnownError('engine-died', { why: event.message ?? 'it could not be started' }));
    });
    worker.addEventListener('messageerror', () => {
      kill(new KnownError('engine-died', { why: 'a message could not be read' }));
    });
    // messages arrive in order: no call needs to wait for this one
    void remote.begin(this.#setup, onRequest).catch(() => undefined);
    return running;
  }
}

/** Asks the worker to stop, and terminates it when it does not. */
function stopper(
  { remote, kill }: Running,
  job: string,
  signal: AbortSignal | undefined,
): { request: () => void; done: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    request() {
      // a worker deep in a run hears nothing: then the timer ends it
      const reason: unknown = signal?.reason;
      const why = reason instanceof KnownError ? { code: reason.code, facts: reason.facts } : undefined;
      void remote.cancel(job, why).catch(() => undefined);
      const ended = why ? (reason as Error) : new DOMException('stopped', 'AbortError');
      timer = setTimeout(() => kill(ended), stopMs);
    },
    done: () => clearTimeout(timer),
  };
}

/** The requests of one worker: those that are under way end with it. */
class Requests {
  readonly #record: (entry: LedgerEntry) => void;
  readonly #running = new Map<string, LedgerEntry>();
  #stopped = false;

  constructor(record: (entry: LedgerEntry) => void) {
    this.#record = record;
  }

  hear(entry: LedgerEntry): void {
    // what was on its way when the worker ended
    if (this.#stopped) return;
    if (entry.state === 'running') this.#running.set(entry.id, entry);
    else this.#running.delete(entry.id);
    this.#record(entry);
  }

  stop(): void {
    this.#stopped = true;
    for (const entry of this.#running.values()) this.#record({ ...entry, state: 'stopped' });
  }
}

/** Rings when a computing stage is silent too long. A slow network or a slow disk that a person picked is no hang. */
class Watchdog {
  readonly #ring: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  hear({ stage, waiting, straight }: Progress): void {
    this.rest();
    const computes = stage !== 'fetch' && stage !== 'save' && waiting === undefined && straight === undefined;
    if (computes) this.#timer = setTimeout(this.#ring, hungMs);
  }

  rest(): void {
    clearTimeout(this.#timer);
  }
}
