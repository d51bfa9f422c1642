// The outbox: a stream with one entry per step. Entries leave the store as bytes; whoever wants events decodes them.
import type { TaskErrorCode } from '../../domain/errors.ts';
import { STATUSES } from '../../domain/task.ts';
import type { OutboxEntry, TaskEvent } from '../../ports/outbox.ts';
import { Reader } from './bytes.ts';
import { bytes, list, text } from './calls.ts';
import { ID_BYTES, readId } from './ids.ts';
import { FLAGS } from './layout.ts';
import type { RedisReply } from './link.ts';
import { PAGE } from './pages.ts';
import type { Shard } from './shard.ts';

const POSITION = /^\d+-\d+$/;

export async function readOutbox(shard: Shard, after: string | null, limit: number): Promise<OutboxEntry[]> {
  const entries: OutboxEntry[] = [];
  let from = after !== null && POSITION.test(after) ? after : '';
  while (entries.length < limit) {
    const wanted = Math.min(PAGE.entries, limit - entries.length);
    const { values } = await shard.read('read-outbox', { after: from, limit: wanted });
    const page = list(values[0]);
    for (const entry of page) entries.push(entryOf(entry));
    if (page.length < wanted) break;
    from = entries.at(-1)?.position ?? from;
  }
  return entries;
}

function entryOf(entry: RedisReply): OutboxEntry {
  const [position, fields] = list(entry);
  const packed = bytes(list(fields)[1]);
  return { position: text(position ?? ''), events: () => readEvents(packed) };
}

export async function trimOutbox(shard: Shard, position: string): Promise<void> {
  if (!POSITION.test(position)) return;
  for (let more = true; more; ) {
    const { values } = await shard.read('trim-outbox', { position });
    more = Number(values[0]) === 1;
  }
}

/** Kinds of groups of events: see changes.lua. */
const KINDS = { usual: 0, withTail: 1, progress: 2, created: 3 } as const;

function readEvents(packed: Buffer): TaskEvent[] {
  const from = new Reader(packed);
  const at = from.uint(6);
  const events: TaskEvent[] = [];
  while (!from.isAtEnd) readGroup(from, at, events);
  return events;
}

function readGroup(from: Reader, at: number, events: TaskEvent[]): void {
  const kind = from.uint(1);
  const count = from.uint(2);
  const type = from.text(1);
  const worker = from.text(2);
  for (let n = 0; n < count; n++) {
    const taskId = readId(from.bytes, from.at);
    from.skip(ID_BYTES);
    const { status, flags, version, retry } = kind === KINDS.created ? CREATED : readChange(from);
    const hasTail = kind === KINDS.withTail || kind === KINDS.progress;
    const errorCode = hasTail ? from.text(1) : '';
    const error = hasTail ? from.text(2) : '';
    const progress = hasTail ? from.text(4) : '';
    events.push({
      kind: kind === KINDS.progress ? 'progress' : 'status',
      taskId,
      type,
      status: STATUSES[status] ?? 'failed',
      version,
      at,
      retry,
      workerId: worker === '' ? null : worker,
      error: errorCode === '' ? null : error,
      errorCode: errorCode === '' ? null : (errorCode as TaskErrorCode),
      progress: progress === '' ? null : progress,
      cancelRequested: (flags & FLAGS.cancelRequested) !== 0,
    });
  }
}

const CREATED = { status: 0, flags: 0, version: 1, retry: 0 };

/** The beginning of the task's record as it was then. */
function readChange(from: Reader): typeof CREATED {
  return { status: from.uint(1), flags: from.uint(1), version: from.uint(4), retry: from.uint(2) };
}
