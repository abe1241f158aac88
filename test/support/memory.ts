/** Memory of a browser's processes, as the system counts it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Bytes resident in `pid` and its descendants; shared pages are divided among their owners where Linux tells. */
export function processTreeBytes(pid: number): number {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number, number]);
  const tree = new Set([pid]);
  // parents have lower ids but for wrap-around, so a second pass is enough
  for (let pass = 0; pass < 2; pass++)
    for (const [child, parent] of rows) if (tree.has(parent)) tree.add(child);
  return rows
    .filter(([child]) => tree.has(child))
    .reduce((sum, [child, , kilobytes]) => sum + (proportionalKilobytes(child) ?? kilobytes) * 1024, 0);
}

function proportionalKilobytes(pid: number): number | undefined {
  const path = `/proc/${pid}/smaps_rollup`;
  if (!existsSync(path)) return undefined;
  try {
    const line = /^Pss:\s+(\d+) kB/m.exec(readFileSync(path, 'utf8'));
    return line ? Number(line[1]) : undefined;
  } catch {
    // the process ended meanwhile
    return undefined;
  }
}

/** The process of the browser that runs on `profile`. */
export function browserProcess(profile: string): number {
  const rows = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' }).trim().split('\n');
  const row = rows.find((line) => line.includes(`--user-data-dir=${profile}`) && !line.includes('--type='));
  if (row === undefined) throw new Error(`no browser runs on ${profile}`);
  return Number(row.trim().split(/\s+/)[0]);
}

/** Samples until stopped; `peakBytes` is the most that was seen. */
export class MemoryWatch {
  peakBytes = 0;
  readonly idleBytes: number;
  readonly #pid: number;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(pid: number, everyMs = 250) {
    this.#pid = pid;
    this.idleBytes = processTreeBytes(pid);
    this.#timer = setInterval(() => this.#sample(), everyMs);
  }

  #sample(): void {
    this.peakBytes = Math.max(this.peakBytes, processTreeBytes(this.#pid));
  }

  /** Peak above idle, in bytes. */
  stop(): number {
    clearInterval(this.#timer);
    this.#sample();
    return this.peakBytes - this.idleBytes;
  }
}
