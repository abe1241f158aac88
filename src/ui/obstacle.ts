/** What stands between the person and the next action, as a sentence with what to do. */
import { m } from './messages/messages.js';

export type Obstacle =
  | 'models-loading'
  | 'models-failed'
  | 'models-few'
  | 'models-uncompared'
  | 'models-differ'
  | 'models-unscorable'
  | 'weights-wrong'
  | 'size-wrong'
  | 'none';

export function obstacleSentence(obstacle: Obstacle): string {
  switch (obstacle) {
    case 'models-loading':
      return m.obstacle_loading();
    case 'models-failed':
      return m.obstacle_failed();
    case 'models-few':
      return m.obstacle_few();
    case 'models-uncompared':
      return m.obstacle_uncompared();
    case 'models-differ':
      return m.obstacle_differ();
    case 'models-unscorable':
      return m.obstacle_unscorable();
    case 'weights-wrong':
      return m.obstacle_weights();
    case 'size-wrong':
      return m.obstacle_size();
    case 'none':
      return '';
  }
}
