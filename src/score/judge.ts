/** What a model would be scored as, and what scoring would refuse: from settings, its checkpoint's header and the list of its files. */
import { KnownError, toProblem, type Problem } from '../errors.ts';
import { tasksOf, tensorNamesOf } from '../graph/architectures.ts';
import type { Task } from '../graph/graph.ts';
import type { Config } from '../model/config.ts';
import type { Modules } from '../model/modules.ts';
import { nameTensors } from '../model/names.ts';
import { checkTokenizerFile } from '../model/vocabulary.ts';
import type { Checkpoint } from '../safetensors/checkpoint.ts';
import type { Source } from '../source/source.ts';
import { architectureOf, readTask } from './scorable.ts';

export type Lacking = Readonly<Partial<Record<Task, string>>>;

export interface Judgement {
  /** `undefined` where models of this type cannot be run at all. */
  readonly task: Task | undefined;
  /** What it can be run as; none, where it cannot be run. */
  readonly tasks: readonly Task[];
  /** What models of its type can be run as and it cannot: the first tensor that its checkpoint lacks for that. */
  readonly lacking: Lacking;
  /** Everything that scoring would refuse, and the notes of the model's own settings. */
  readonly problems: readonly Problem[];
  /** The same where it is run as something else that it can be run as. */
  readonly otherwise: ByTask;
}

export type ByTask = Readonly<Partial<Record<Task, readonly Problem[]>>>;

/** Reads no file. Throws only what the source throws. */
export async function judgeScoring(
  source: Source,
  config: Config,
  modules: Modules,
  tensors: Checkpoint['tensors'],
): Promise<Judgement> {
  const { name } = source;
  const files: Problem[] = [];
  try {
    checkTokenizerFile(name, await source.list());
  } catch (error) {
    files.push(asProblem(error));
  }
  /** Of a model that is run as that. */
  const problemsAs = (task: Task): readonly Problem[] => {
    const refused = attempt(() => architectureOf({ name, config, task, modules }, modules.pooling ?? 'cls'));
    const noted = modules.problems.filter(({ code }) => task === 'encoder' || code !== 'pooling-assumed');
    return [...('problem' in refused ? [refused.problem] : []), ...files, ...noted];
  };
  const known = attempt(() => tasksOf(config, name));
  if ('problem' in known) return { ...unknown, problems: [known.problem] };
  const stated = attempt(() => readTask(config, name, modules));
  const task = 'problem' in stated ? undefined : stated.value;
  const lacking = findLacking(
    config,
    name,
    known.value.filter((other) => other !== task),
    tensors,
  );
  // what it says that it is stays a choice, whatever is missing: scoring names it
  const tasks = known.value.filter((one) => lacking[one] === undefined);
  const others = tasks.filter((other) => other !== task);
  const otherwise = Object.fromEntries(others.map((other) => [other, problemsAs(other)]));
  const problems = 'problem' in stated ? [stated.problem, ...files] : problemsAs(stated.value);
  return { task, tasks, lacking, problems, otherwise };
}

/** How such a model would be pooled is not its problem. */
const unknown = { task: undefined, tasks: [], lacking: {}, otherwise: {} };

function attempt<T>(work: () => T): { readonly value: T } | { readonly problem: Problem } {
  try {
    return { value: work() };
  } catch (error) {
    return { problem: asProblem(error) };
  }
}

/** Throws what is no failure of ours. */
function asProblem(error: unknown): Problem {
  if (error instanceof KnownError) return toProblem(error);
  throw error;
}

function findLacking(
  config: Config,
  name: string,
  tasks: readonly Task[],
  tensors: Checkpoint['tensors'],
): Lacking {
  const there = nameTensors(tensors, config.modelType).tensors;
  const lacks = (task: Task): string | undefined => {
    try {
      return [...tensorNamesOf(config, name, task)].find((tensor) => !there.has(tensor));
    } catch (error) {
      if (error instanceof KnownError) return undefined;
      throw error;
    }
  };
  return Object.fromEntries(
    tasks.flatMap((task) => {
      const tensor = lacks(task);
      return tensor === undefined ? [] : [[task, tensor]];
    }),
  );
}
