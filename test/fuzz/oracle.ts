/** Python beside us: answers for a folder of cases what safetensors and torch read there. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../tools/fuzz_oracle.py', import.meta.url));

/** A table's hash, or `-` and why there is none. */
export type Verdict = string;

/** The Python that is asked for; else one that can import what it takes; else none. */
export function findPython(asked: string | undefined): string | undefined {
  const named = asked ?? process.env['SHAKER_PYTHON'];
  const python = named ?? 'python3';
  const able = spawnSync(python, ['-c', 'import torch, safetensors']).status === 0;
  if (!able && named !== undefined) throw new Error(`${named} cannot import torch and safetensors.`);
  return able ? python : undefined;
}

export class Oracle {
  readonly #python: string;
  #child: ChildProcessWithoutNullStreams | undefined;
  #lines: AsyncIterator<string> | undefined;
  #reader: Interface | undefined;
  /** One folder at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(python: string) {
    this.#python = python;
  }

  /** By case number. A case that ends Python has the verdict `-died`. */
  judge(folder: string, numbers: readonly number[]): Promise<ReadonlyMap<number, Verdict>> {
    const judged = this.#turn.then(() => this.#judge(folder, numbers));
    this.#turn = judged.catch(() => undefined);
    return judged;
  }

  async #judge(folder: string, numbers: readonly number[]): Promise<ReadonlyMap<number, Verdict>> {
    const verdicts = new Map<number, Verdict>();
    while (verdicts.size < numbers.length) {
      const whole = await this.#ask(`${verdicts.size} ${join(folder, 'cases')}`, verdicts);
      const next = numbers[verdicts.size];
      if (!whole && next !== undefined) verdicts.set(next, '-died');
      else if (whole && next !== undefined) throw new Error(`Python said nothing of case ${next}.`);
    }
    return verdicts;
  }

  /** Whether Python lived to the end. */
  async #ask(question: string, verdicts: Map<number, Verdict>): Promise<boolean> {
    const lines = await this.#start();
    this.#child?.stdin.write(`${question}\n`);
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) {
        this.close();
        return false;
      }
      if (value === 'done') return true;
      const [number, verdict] = value.split(' ');
      if (verdict !== undefined) verdicts.set(Number(number), verdict);
    }
  }

  async #start(): Promise<AsyncIterator<string>> {
    if (this.#lines !== undefined) return this.#lines;
    this.#child = spawn(this.#python, [script]);
    this.#child.stderr.pipe(process.stderr);
    this.#child.stdin.on('error', () => undefined); // it died: its lines end, which is what counts
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    const ready = await this.#lines.next();
    if (ready.done === true) throw new Error('Python did not start.');
    return this.#lines;
  }

  close(): void {
    this.#child?.stdin.end();
    this.#reader?.close();
    [this.#child, this.#lines, this.#reader] = [undefined, undefined, undefined];
  }
}
