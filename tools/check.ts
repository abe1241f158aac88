/**
 * Types, lint and format, two commands at a time: `npm run check`. What a command printed comes whole, in the order below; the
 * first that fails is the exit status, once all have run.
 */
import { spawn } from 'node:child_process';

const commands: readonly (readonly string[])[] = [
  // by far the longest, first
  ['eslint', '.'],
  ['tsc', '-p', 'src/worker'],
  ['svelte-check', '--tsconfig', './tsconfig.json', '--fail-on-warnings'],
  ['tsc', '-p', 'test'],
  ['prettier', '--check', '.'],
];
const atATime = 2;

interface Ran {
  readonly status: number;
  readonly printed: string;
}

function run(command: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn('npx', ['--no-install', ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.stderr.on('data', (part: Buffer) => parts.push(part));
    child.on('error', reject);
    child.on('close', (status) => {
      resolve({ status: status ?? 1, printed: Buffer.concat(parts).toString() });
    });
  });
}

const ran: Promise<Ran>[] = [];
const slots: Promise<unknown>[] = Array.from({ length: atATime }, () => Promise.resolve());
for (const command of commands) {
  const free = await Promise.race(slots.map((slot, i) => slot.then(() => i)));
  const result = run(command);
  ran.push(result);
  slots[free] = result;
}
let failed = 0;
for (const [i, result] of ran.entries()) {
  const { status, printed } = await result;
  console.log(`$ ${commands[i]!.join(' ')}\n${printed}`);
  failed ||= status;
}
process.exitCode = failed;
