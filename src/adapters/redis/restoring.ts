// Restore: packs tasks that the log knows, for the script that brings back those the store has lost.
import { laneName } from '../../domain/concurrency.ts';
import { type Attempt, isFinal, type Status } from '../../domain/task.ts';
import type { LastChange, LostTask, RestoreReply, TaskRestorer } from '../../ports/task-restore.ts';
import { ATTEMPT_NUMBERS } from './attempts.ts';
import { Writer } from './bytes.ts';
import { text } from './calls.ts';
import { ID_BYTES, writeNewId } from './ids.ts';
import { APART_BYTES_MIN, FLAGS, STATUS_NUMBERS } from './layout.ts';
import type { RedisArg } from './link.ts';
import { hasFacets, packFacets, packLimits, packSpecWithTail } from './record.ts';
import type { Shard } from './shard.ts';

/** Tasks per call: each costs the server about as much as two submits. */
const PAGE_TASKS = 100;
/** As restoring.lua knows them. */
const EXTRAS = { attempts: 1, name: 2, facets: 4, payload: 8, result: 16 } as const;
const REPLIES: Readonly<Record<string, RestoreReply>> = { c: 'restored', u: 'corrected', e: 'there', r: 'replayed' };
/** Longest error that fits into a record, in bytes. */
const ERROR_BYTES_MAX = 65_535;

export function taskRestorer(shard: Shard): TaskRestorer {
  return {
    restore: async (batch, mode) => {
      const pages: readonly LostTask[][] = Array.from({ length: Math.ceil(batch.length / PAGE_TASKS) }, (_, page) =>
        batch.slice(page * PAGE_TASKS, (page + 1) * PAGE_TASKS),
      );
      // On their way together: the server takes them in this order, and others in between.
      const letters = await Promise.all(
        pages.map(async (page) => {
          const { values } = await shard.step('restore', { mode, ...restoreArgs(page) });
          return text(values[0] ?? '');
        }),
      );
      return Array.from(letters.join(''), (letter) => REPLIES[letter] ?? 'there');
    },
  };
}

function restoreArgs(page: readonly LostTask[]) {
  const lanes = new Map<string, number>();
  const laneArgs: RedisArg[] = [];
  const ids = Buffer.allocUnsafe(page.length * ID_BYTES);
  const args: RedisArg[] = [];
  for (const [index, task] of page.entries()) {
    const { spec } = task.submission;
    writeNewId(ids, spec.id, index * ID_BYTES);
    const name = laneName(spec.type, spec.limits);
    let lane = lanes.get(name);
    if (lane === undefined) {
      laneArgs.push(spec.type, packLimits(spec.limits));
      lane = laneArgs.length / 2;
      lanes.set(name, lane);
    }
    pack(task, lane, args);
  }
  return { ids, laneCount: lanes.size, args: [...laneArgs, ...args] };
}

function pack(task: LostTask, lane: number, args: RedisArg[]): void {
  const { spec, idempotency } = task.submission;
  const { last } = task;
  const now = stateNow(last);
  const payloadApart = isLong(spec.payload);
  const resultApart = last?.result != null && isLong(last.result);
  const facets = hasFacets(spec);
  const attempts = last === null || now.attempts.length === 0 ? null : packAttempts(now.attempts);
  const tail = {
    code: last?.errorCode ?? '',
    error: last?.errorCode == null ? '' : cut(last.error ?? ''),
    progress: last?.progress == null || isLong(last.progress) ? '' : last.progress,
    result: resultApart ? '' : (last?.result ?? ''),
  };
  const hasTail = tail.code !== '' || tail.progress !== '' || tail.result !== '';
  const flags =
    (payloadApart ? FLAGS.payloadApart : 0) +
    (resultApart ? FLAGS.resultApart : 0) +
    (attempts === null ? 0 : FLAGS.hasAttempts) +
    (hasTail ? FLAGS.hasTail : 0);
  const extras =
    (attempts === null ? 0 : EXTRAS.attempts) +
    (idempotency ? EXTRAS.name : 0) +
    (facets ? EXTRAS.facets : 0) +
    (payloadApart ? EXTRAS.payload : 0) +
    (resultApart ? EXTRAS.result : 0);
  const head = new Writer(80)
    .uint(STATUS_NUMBERS[now.status], 1)
    .uint(now.version, 4)
    .uint(last?.version ?? 0, 4);
  head
    .uint(last?.retry ?? 0, 2)
    .uint(last?.attempt ?? 0, 4)
    .uint(last?.recoveries ?? 0, 2);
  head.uint(Math.max(task.createdAt, last?.at ?? 0), 6).uint(completedAt(task), 6);
  head
    .uint(last?.startedAt ?? 0, 6)
    .uint(task.createdAt, 6)
    .uint(dueOf(task), 6);
  head
    .uint(flags, 1)
    .uint(lane, 2)
    .uint(extras, 1)
    .text(last?.workerId ?? '', 2);
  const rest = new Writer(128 + (payloadApart ? 0 : spec.payload.length));
  packSpecWithTail(rest, spec, payloadApart ? '' : spec.payload, tail);
  args.push(head.done(), rest.done());
  if (attempts !== null) args.push(attempts);
  if (idempotency) args.push(idempotency.key, idempotency.fingerprint);
  if (facets) args.push(packFacets(spec));
  if (payloadApart) args.push(spec.payload);
  if (resultApart) args.push(last.result);
}

/** What a task is when it comes back. One that ran is released: a change of its own. */
function stateNow(last: LastChange | null): Pick<LastChange, 'version' | 'attempts'> & { readonly status: Status } {
  if (last === null) return { status: 'pending', version: 1, attempts: [] };
  if (last.status !== 'processing') return last;
  const open: Attempt = {
    attempt: last.attempt,
    workerId: last.workerId ?? '',
    startedAt: last.startedAt ?? last.at,
    endedAt: last.at,
    outcome: 'released',
    error: null,
    errorCode: null,
  };
  return { status: 'pending', version: last.version + 1, attempts: [...last.attempts, open] };
}

function completedAt({ last, createdAt }: LostTask): number {
  if (last === null || !isFinal(last.status)) return 0;
  return Math.max(createdAt, last.completedAt ?? last.at);
}

/** 0: at once. What waited for a retry has waited long enough. */
function dueOf({ submission: { due }, createdAt, last }: LostTask): number {
  const isFirst = last === null || last.attempt === 0;
  if (last !== null && isFinal(last.status))
    return 'at' in due ? due.at : Math.min(createdAt, last.startedAt ?? last.at);
  return 'at' in due && isFirst ? due.at : 0;
}

function packAttempts(attempts: readonly Attempt[]): Buffer {
  const all = new Writer(128);
  for (const { attempt, startedAt, endedAt, outcome, workerId, errorCode, error } of attempts) {
    const one = new Writer(96)
      .uint(attempt, 4)
      .uint(startedAt, 6)
      .uint(endedAt ?? startedAt, 6);
    one
      .uint(ATTEMPT_NUMBERS[outcome ?? 'lost'], 1)
      .text(workerId, 2)
      .text(errorCode ?? '', 1)
      .text(cut(error ?? ''), 2);
    const packed = one.done();
    all.uint(packed.length, 2).raw(packed);
  }
  return all.done();
}

const isLong = (value: string): boolean => Buffer.byteLength(value) >= APART_BYTES_MIN;

/** Errors are far shorter than this when a node writes them. */
function cut(error: string): string {
  return error.length * 3 <= ERROR_BYTES_MAX ? error : error.slice(0, Math.floor(ERROR_BYTES_MAX / 3));
}
