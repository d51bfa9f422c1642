// Where the relay of the outbox stands, so that the next node that relays does not tell everything of the last seconds again.
import { text } from './calls.ts';
import type { Shard } from './shard.ts';

export interface Cursor {
  /** `null`: nobody has relayed yet. */
  load(): Promise<string | null>;
  /** Changes nothing when a larger fence has been here before. */
  save(position: string, fence: number): Promise<void>;
}

export function relayCursor(shard: Shard): Cursor {
  return {
    load: async () => {
      const { values } = await shard.step('load-cursor');
      const position = text(values[0] ?? '');
      return position === '' ? null : position;
    },
    save: async (position, fence) => {
      await shard.step('save-cursor', { position, fence });
    },
  };
}
