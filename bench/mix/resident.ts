/**
 * Memory of a process and its descendants from the kernel's own counters, which cost microseconds: a whole browser can be
 * sampled every 50 ms without slowing it. Proportional sizes (PSS) cost 100 ms a sample, so they are for a run that nobody times.
 * Pages that several processes map are counted in each: for a browser this is an upper bound. Linux only.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { processTreeBytes } from '../../test/support/memory.ts';

export interface Resident {
  /** Anonymous and shared memory. */
  readonly ownBytes: number;
  /** The same and pages of mapped files. */
  readonly mappedBytes: number;
}

const sampleMs = 50;
/** Listing all processes costs more than reading a few: only every so many samples. */
const samplesPerListing = 10;

interface Sample extends Resident {
  /** Milliseconds since 1970, as a page's clock has them, too. */
  readonly atMs: number;
}

/** Samples until it is stopped. The first sample, when it is made, is the idle level. */
export class MemorySamples {
  readonly #samples: Sample[] = [];
  readonly #read: () => Resident;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(read: () => Resident, everyMs = sampleMs, onSample: (now: Resident) => void = () => undefined) {
    this.#read = read;
    this.#take();
    this.#timer = setInterval(() => onSample(this.#take()), everyMs);
  }

  #take(): Resident {
    const sample = { atMs: performance.timeOrigin + performance.now(), ...this.#read() };
    this.#samples.push(sample);
    return sample;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get idle(): Resident {
    return this.#samples[0]!;
  }

  /** The most of [startMs, endMs), since 1970; zeros when nothing was sampled then. */
  peak(startMs = 0, endMs = Number.POSITIVE_INFINITY): Resident {
    const inside = this.#samples.filter(({ atMs }) => startMs <= atMs && atMs < endMs);
    return {
      ownBytes: Math.max(0, ...inside.map(({ ownBytes }) => ownBytes)),
      mappedBytes: Math.max(0, ...inside.map(({ mappedBytes }) => mappedBytes)),
    };
  }
}

/** Reads the counters of the tree of processes below `root`. */
export function readResident(root: number): () => Resident {
  let tree: readonly number[] = [];
  let readCount = 0;
  return () => {
    if (readCount++ % samplesPerListing === 0) tree = listTree(root);
    const counters = tree.map(readCounters);
    return {
      ownBytes: counters.reduce((sum, { ownBytes }) => sum + ownBytes, 0),
      mappedBytes: counters.reduce((sum, { mappedBytes }) => sum + mappedBytes, 0),
    };
  };
}

/** Proportional sizes of the same tree: shared pages are divided among their owners. */
export function readProportional(root: number): () => Resident {
  return () => {
    const bytes = processTreeBytes(root);
    return { ownBytes: bytes, mappedBytes: bytes };
  };
}

/** Zeros for a process that ended meanwhile. */
function readCounters(pid: number): Resident {
  const text = readOf(pid, 'status');
  const bytesOf = (name: string): number => {
    const [, kilobytes = '0'] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text) ?? [];
    return Number(kilobytes) * 1024;
  };
  const ownBytes = bytesOf('RssAnon') + bytesOf('RssShmem');
  return { ownBytes, mappedBytes: ownBytes + bytesOf('RssFile') };
}

function listTree(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // the name, in parentheses, may hold anything
    const [, parent] = /\) \S (\d+)/.exec(readOf(Number(name), 'stat')) ?? [];
    if (parent === undefined) continue;
    const siblings = children.get(Number(parent)) ?? [];
    siblings.push(Number(name));
    children.set(Number(parent), siblings);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

function readOf(pid: number, file: 'status' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** What the system could give to a process now. */
export function availableBytes(): number {
  const [, kilobytes = '0'] = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
