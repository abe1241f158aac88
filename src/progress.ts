/** How far a piece of long work has come. Travels from the workers to the page; the page computes rates. */

export type Stage = 'fetch' | 'identify' | 'load' | 'score' | 'merge' | 'check' | 'smoke' | 'pack' | 'save';

export interface Progress {
  readonly stage: Stage;
  /** The model or file that is being worked on. */
  readonly subject: string;
  readonly done: number;
  /** 0 where nobody knows. */
  readonly total: number;
  readonly unit: 'bytes' | 'batches';
  /** Why nothing comes for now; absent while work goes on. */
  readonly waiting?: Waiting;
  /** Values are read straight from the Hub and not kept, and why; absent where they are kept, or never were there. */
  readonly straight?: Straight;
}

/** `room-short`: the browser says so; `storage-full`: downloading found out; `asked`: somebody wants it so. */
export type Straight = 'room-short' | 'storage-full' | 'asked';

/** A wait for the Hub or the network, which ends by itself. */
export interface Waiting {
  /**
   * `busy`: the Hub asked for it; `failing`: it answers with an error of its own; `broken`: the connection failed, broke
   * off or brought nothing; `offline`: this computer has no network.
   */
  readonly why: 'busy' | 'failing' | 'broken' | 'offline';
  /** How long it takes, from its beginning; absent where it lasts until the network is back. */
  readonly seconds?: number;
}

export type Report = (progress: Progress) => void;

/** Rate and time left of one stage, from its first report to the latest. Times in milliseconds of a monotonic clock. */
export interface Pace {
  readonly perSecond: number | undefined;
  readonly secondsLeft: number | undefined;
}

export function paceOf(first: Progress, firstMs: number, latest: Progress, latestMs: number): Pace {
  const seconds = (latestMs - firstMs) / 1000;
  const done = latest.done - first.done;
  // under half a second a rate is noise
  if (seconds < 0.5 || done <= 0) return { perSecond: undefined, secondsLeft: undefined };
  const perSecond = done / seconds;
  return { perSecond, secondsLeft: Math.max(0, latest.total - latest.done) / perSecond };
}
