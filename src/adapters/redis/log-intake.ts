// Tasks that come from a log: offsets live beside the tasks, in a hash per topic, and only these scripts move them.
import type { EventCursor, IngestReply, LogIntake, LogSpan, PassReply } from '../../ports/log-intake.ts';
import type { SubmitReply } from '../../ports/task-store.ts';
import { list, text } from './calls.ts';
import { ID_BYTES, writeId } from './ids.ts';
import type { RedisReply } from './link.ts';
import { trimOutbox } from './outbox.ts';
import type { Shard } from './shard.ts';
import { submitArgs } from './submitting.ts';
import { readTasks } from './views.ts';

export function logIntake(shard: Shard, topic: string): LogIntake {
  return {
    offsets: async () => pairsIn((await shard.step('offsets', { topic })).values[0]),
    gaps: async () => pairsIn((await shard.step('offsets', { topic })).values[1]),
    noteGap: async (partition, before) => {
      await shard.step('note-gap', { topic, partition: String(partition), before: String(before) });
    },
    pass: async (span, ids): Promise<PassReply> => {
      const bytes = Buffer.allocUnsafe(ids.length * ID_BYTES);
      for (const [index, id] of ids.entries()) writeId(bytes, id, index * ID_BYTES);
      const { values } = await shard.step('pass', { ...spanArgs(topic, span), ids: bytes });
      const [state, at, there] = values;
      if (text(state ?? '') !== 'x') return ingestReply(state, at);
      const digits = text(there ?? '');
      return { state: 'missing', ids: ids.filter((_, index) => digits[index] !== '1') };
    },
    ingest: async (span, tasks) => {
      if (tasks.length === 0) {
        const { values } = await shard.step('pass', { ...spanArgs(topic, span), ids: '' });
        return ingestReply(values[0], values[1]);
      }
      const { values } = await shard.step('ingest', { ...spanArgs(topic, span), ...submitArgs(tasks, shard) });
      return ingestReply(values[0], values[1]);
    },
    setOffsets: async (offsets) => {
      await shard.step('set-offsets', { topic, partitions: [...offsets].flatMap((pair) => pair.map(String)) });
    },
    replays: async (named) => {
      const { values } = await shard.step('replays', {
        names: named.flatMap(({ key, fingerprint }) => [key, fingerprint]),
      });
      const tasks = readTasks(values[1]).values();
      return Array.from(text(values[0] ?? ''), (letter): SubmitReply | null => {
        if (letter === '-') return null;
        if (letter === 'x') return { state: 'conflict' };
        const { value: task } = tasks.next();
        if (!task) throw new Error('fewer tasks were replayed than were named');
        return { state: 'replayed', task };
      });
    },
    eventCursor: eventCursor(shard),
  };
}

/** Partitions and offsets in turn. */
function pairsIn(reply: RedisReply | undefined): ReadonlyMap<number, number> {
  const numbers = list(reply).map(Number);
  return new Map(Array.from({ length: numbers.length / 2 }, (_, i) => [numbers[2 * i] ?? 0, numbers[2 * i + 1] ?? 0]));
}

function spanArgs(topic: string, { partition, expected, upTo }: LogSpan) {
  return {
    topic,
    partition: String(partition),
    expected: expected === null ? '-' : String(expected),
    upTo: String(upTo),
  };
}

function ingestReply(state: RedisReply | undefined, at: RedisReply | undefined): IngestReply {
  if (text(state ?? '') === 'i') return { state: 'ingested' };
  const next = text(at ?? '-');
  return { state: 'moved', next: next === '-' ? null : Number(next) };
}

function eventCursor(shard: Shard): EventCursor {
  return {
    hold: async () => {
      const { values } = await shard.step('hold-events');
      return text(values[0] ?? '') || null;
    },
    save: async (position, fence) => {
      const { values } = await shard.step('save-events', { position, fence });
      const wanted = text(values[0] ?? '');
      if (wanted !== '') await trimOutbox(shard, wanted);
    },
  };
}
