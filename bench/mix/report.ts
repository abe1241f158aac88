/** What was measured, as a Markdown block for docs/speed.md: one table a case, then the ratios that are asked for. */
import { cpus, release, totalmem } from 'node:os';
import type { Case } from './cases.ts';
import { contestants, isRun, medianOf, mostOf, type Contestant, type Outcome, type Run } from './run.ts';

export interface Measured {
  readonly mix: Case;
  /** Of all models. */
  readonly inputBytes: number;
  readonly outcomes: Readonly<Record<Contestant, readonly Outcome[]>>;
  /** A run in which proportional sizes were read and times do not count; `undefined` when it was not asked for. */
  readonly memoryRun: Run | undefined;
}

export function printMachine(commit: string, chromium: string): string {
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / 1e9)} GB`;
  return `Machine: ${cpus().length} cores (${cpu?.model ?? 'unknown'}), ${memory}, Linux ${release()}, ${chromium}. Commit ${commit}.`;
}

/** Rows by contestant: median times, and the most memory of any run. */
export function printCase({ mix, inputBytes, outcomes, memoryRun }: Measured): string {
  const rows = contestants.flatMap((name) => {
    const all = outcomes[name];
    return all.length === 0 ? [] : [printRow(name, all, inputBytes)];
  });
  return [
    `**${mix.name}**: ${mix.models.length} models of ${mix.made}, ${mix.dtype}, ${gigabytes(inputBytes)} GB in all.`,
    '',
    '| | time | after imports / offered | GB written | s per GB read and written | peak MB | with mapped files |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    ...printMemory(memoryRun),
    ...printRatios(outcomes),
  ].join('\n');
}

function printMemory(run: Run | undefined): readonly string[] {
  if (run?.peakBytes === undefined) return [];
  const smoke =
    run.smokeBytes === undefined ? 'no smoke run' : `${megabytes(run.smokeBytes)} MB in the smoke run`;
  return [
    `Shaker in a run of its own, shared pages divided (PSS): ${megabytes(run.peakBytes)} MB above idle, ${smoke}.`,
  ];
}

function printRow(name: Contestant, all: readonly Outcome[], inputBytes: number): string {
  const runs = all.filter(isRun);
  const [failure] = all.flatMap((outcome) => (isRun(outcome) ? [] : [outcome.failed]));
  if (failure !== undefined && runs.length === 0) return `| ${name} | ${failure} | | | | | |`;
  const seconds = medianOf(runs, 'seconds')!;
  const written = medianOf(runs, 'writtenBytes')!;
  const cells = [
    `${seconds.toFixed(2)} s`,
    withUnit(medianOf(runs, 'otherSeconds'), (value) => `${value.toFixed(2)} s`),
    gigabytes(written),
    (seconds / ((inputBytes + written) / 1e9)).toFixed(2),
    withUnit(mostOf(runs, 'peakBytes'), megabytes),
    withUnit(mostOf(runs, 'peakMappedBytes'), megabytes),
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
}

/** Of medians, as the acceptance criteria state them. */
function printRatios(outcomes: Measured['outcomes']): readonly string[] {
  const timeOf = (name: Contestant): number | undefined => medianOf(outcomes[name].filter(isRun), 'seconds');
  const own = timeOf('Shaker');
  if (own === undefined) return [];
  const ratios = (['LM_Cocktail', 'mergekit'] as const).flatMap((peer) => {
    const other = timeOf(peer);
    return other === undefined ? [] : [`${(own / other).toFixed(2)} of ${peer}'s time`];
  });
  const raw = timeOf('raw copy');
  if (raw !== undefined) ratios.push(`${(raw / own).toFixed(2)} of the raw copy's rate`);
  const offered = medianOf(outcomes.Shaker.filter(isRun), 'otherSeconds');
  if (offered !== undefined) ratios.push(`"offered" at ${(offered / own).toFixed(2)} of "file closed"`);
  return [`Shaker to "file closed": ${ratios.join(', ')}.`];
}

function withUnit(value: number | undefined, print: (value: number) => string): string {
  return value === undefined || Number.isNaN(value) ? '' : print(value);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(2);
}
