// Tasks as scripts answer them, made into what the port promises.
import type { PendingReason, Task } from '../../domain/task.ts';
import { bytes, list, text } from './calls.ts';
import { ID_BYTES, readId } from './ids.ts';
import type { RedisReply } from './link.ts';
import { type Apart, type FirstAttempt, readFirstAttempt, readRecord, type TaskRecord } from './record.ts';

/** Letters of reasons.lua. */
const REASONS: Readonly<Record<string, PendingReason | null>> = {
  r: 'ready',
  s: 'scheduled',
  b: 'retry_backoff',
  c: 'concurrency',
  p: 'paused',
  n: 'no_handler',
  '-': null,
};
const FIELDS: Readonly<Record<string, keyof Apart>> = { p: 'payload', g: 'progress', r: 'result' };

export function reasonOf(letter: string | undefined): PendingReason | null {
  return REASONS[letter ?? '-'] ?? null;
}

/** What views.lua answers, in its order. @param claimOf by place, for tasks that were just claimed */
export function readViews(reply: RedisReply | undefined, claimOf?: (index: number) => FirstAttempt): TaskRecord[] {
  const [ids, records, letters, apart, beside] = list(reply);
  const raws = list(records);
  const idBytes = bytes(ids);
  const reasons = text(letters ?? '');
  const values = apartOf(list(apart));
  const firsts = firstsOf(list(beside));
  return raws.map((raw, index) =>
    readRecord(
      bytes(raw),
      readId(idBytes, index * ID_BYTES),
      reasonOf(reasons[index]),
      values.get(index),
      claimOf?.(index) ?? firsts.get(index),
    ),
  );
}

export function readTasks(reply: RedisReply | undefined): Task[] {
  return readViews(reply).map(({ task }) => task);
}

function firstsOf(triples: readonly RedisReply[]): ReadonlyMap<number, FirstAttempt> {
  const firsts = new Map<number, FirstAttempt>();
  for (let at = 0; at < triples.length; at += 3) {
    firsts.set(Number(triples[at]), readFirstAttempt(bytes(triples[at + 1]), text(triples[at + 2] ?? '')));
  }
  return firsts;
}

function apartOf(triples: readonly RedisReply[]): ReadonlyMap<number, Apart> {
  const values = new Map<number, Apart>();
  for (let at = 0; at < triples.length; at += 3) {
    const index = Number(triples[at]);
    const field = FIELDS[text(triples[at + 1] ?? '')];
    if (field === undefined) continue;
    values.set(index, { ...values.get(index), [field]: text(triples[at + 2] ?? '') });
  }
  return values;
}
