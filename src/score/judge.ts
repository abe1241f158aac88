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
}

/** Reads no file. Throws only what the source throws. */
export async function judgeScoring(
  source: Source,
  config: Config,
  modules: Modules,
  tensors: Checkpoint['tensors'],
): Promise<Judgement> {
  const { name } = source;
  const problems: Problem[] = [];
  let task: Task | undefined;
  let tasks: readonly Task[] = [];
  let lacking: Lacking = {};
  try {
    task = readTask(config, name, modules);
    const others = tasksOf(config, name).filter((other) => other !== task);
    lacking = findLacking(config, name, others, tensors);
    // what it says that it is stays a choice, whatever is missing: scoring names it
    tasks = tasksOf(config, name).filter((one) => lacking[one] === undefined);
    architectureOf({ name, config, task, modules }, modules.pooling ?? 'cls');
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    problems.push(toProblem(error));
    // how such a model would be pooled is not its problem
    if (task === undefined) return { task, tasks, lacking, problems };
  }
  try {
    checkTokenizerFile(name, await source.list());
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    problems.push(toProblem(error));
  }
  const ofModules = modules.problems.filter(({ code }) => task === 'encoder' || code !== 'pooling-assumed');
  return { task, tasks, lacking, problems: [...problems, ...ofModules] };
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
