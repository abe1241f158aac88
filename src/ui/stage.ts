/** What the running task is doing, and what the last one did, as short sentences. */
import type { Straight, Waiting } from '../progress.ts';
import { formatSeconds } from './format.ts';
import { m } from './messages/messages.js';
import type { Session } from './session.svelte.ts';
import type { TaskPhase } from './task.svelte.ts';

export function stageSentence(phase: TaskPhase): string {
  if (phase.at === 'idle') return '';
  if (phase.at === 'stopping') return m.stopping();
  if (!phase.progress) return m.starting();
  const { stage, subject } = phase.progress;
  switch (stage) {
    case 'fetch':
      return m.stage_fetch({ subject });
    case 'identify':
      return m.stage_identify({ subject });
    case 'load':
      return m.stage_load({ subject });
    case 'score':
      return m.stage_score({ subject });
    case 'merge':
      return m.stage_merge({ subject });
    case 'check':
      return m.stage_check({ subject });
    case 'smoke':
      return m.stage_smoke({ subject });
    case 'pack':
      return m.stage_pack({ subject });
    case 'save':
      return m.stage_save({ subject });
  }
}

/** Why nothing comes for now, and how long. */
export function waitingSentence({ why, seconds = 0 }: Waiting): string {
  const time = formatSeconds(Math.max(1, seconds));
  switch (why) {
    case 'busy':
      return m.waiting_busy({ time });
    case 'failing':
      return m.waiting_failing({ time });
    case 'broken':
      return m.waiting_broken({ time });
    case 'offline':
      return m.waiting_offline();
  }
}

/** That values are not kept, why, and what that means. */
export function straightSentence(why: Straight): string {
  const reason = why === 'asked' ? '' : m.straight_room();
  return `${reason} ${m.straight()}`.trim();
}

/** What stands finished, if it is still of the models and settings that stand. */
export function doneSentence({ pour, taste }: Session): string {
  if (pour.poured && !pour.stale) return m.mixed_in({ time: formatSeconds(pour.poured.output.seconds) });
  const { current } = taste;
  return current ? m.scored_in({ time: formatSeconds(current.scores.seconds) }) : '';
}
