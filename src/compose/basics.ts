// What most parts of a node need.
import type { Config } from '../config/config.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';

export interface Basics {
  /** The node's name. */
  readonly id: string;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Unlikely to be the same twice. */
export function randomWord(clock: Clock): string {
  return Math.floor(clock.random() * 2 ** 32).toString(36);
}
