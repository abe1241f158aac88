/** What a model would be scored as, and what scoring would refuse: from settings and the list of its files. */
import { KnownError, toProblem, type Problem } from '../errors.ts';
import { tasksOf } from '../graph/architectures.ts';
import type { Task } from '../graph/graph.ts';
import type { Config } from '../model/config.ts';
import type { Modules } from '../model/modules.ts';
import { checkTokenizerFile } from '../model/vocabulary.ts';
import type { Source } from '../source/source.ts';
import { architectureOf, readTask } from './scorable.ts';

export interface Judgement {
  /** `undefined` where models of this type cannot be run at all. */
  readonly task: Task | undefined;
  /** What it can be run as; none, where it cannot be run. */
  readonly tasks: readonly Task[];
  /** Everything that scoring would refuse, and the notes of the model's own settings. */
  readonly problems: readonly Problem[];
}

/** Reads no file. Throws only what the source throws. */
export async function judgeScoring(source: Source, config: Config, modules: Modules): Promise<Judgement> {
  const { name } = source;
  const problems: Problem[] = [];
  let task: Task | undefined;
  let tasks: readonly Task[] = [];
  try {
    tasks = tasksOf(config, name);
    task = readTask(config, name, modules);
    architectureOf({ name, config, task, modules }, modules.pooling ?? 'cls');
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    problems.push(toProblem(error));
    // how such a model would be pooled is not its problem
    if (task === undefined) return { task, tasks, problems };
  }
  try {
    checkTokenizerFile(name, await source.list());
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    problems.push(toProblem(error));
  }
  const ofModules = modules.problems.filter(({ code }) => task === 'encoder' || code !== 'pooling-assumed');
  return { task, tasks, problems: [...problems, ...ofModules] };
}
