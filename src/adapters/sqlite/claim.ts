// Claim: one atomic move that knows the limits. Takes the best lanes' heads, parks lanes whose key is full.
// Its cost does not depend on how many tasks wait behind a full key: they are one parked lane.
import type { TaskErrorCode } from '../../domain/errors.ts';
import type { ClaimRequest } from '../../ports/task-store.ts';
import { move, statusEvent } from './changes.ts';
import { afterLeaving, bestLane, type LaneRow, nextBestHead, park } from './lanes.ts';
import { leaseEnd } from './lease-end.ts';
import { TASK_FROM, type TaskColumns, type TaskRow } from './rows.ts';
import { liveSlots, maximum, NO_MAX } from './slots.ts';
import { PENDING, PROCESSING } from './status.ts';
import { LEASE_HELD, type Step } from './step.ts';
import { settleTime } from './waiting.ts';

export interface ClaimedRow {
  readonly row: TaskRow;
  readonly token: number;
  readonly expiresAt: number;
  readonly remainingMs: number;
  readonly processRemainingMs: number | null;
}

export function claim(step: Step, { nodeId, types, count }: ClaimRequest): ClaimedRow[] {
  settleTime(step);
  if (step.memory.drained.has(nodeId)) return [];
  const typeIds = types.flatMap((type) => step.memory.typeIds.get(type) ?? []);
  const claimed: ClaimedRow[] = [];
  while (claimed.length < count) {
    const best = bestOf(step, typeIds);
    if (!best) break;
    const room = roomOf(step, best.lane);
    if (typeof room === 'string') {
      park(step, best.lane, room);
      continue;
    }
    const others = best.lane.limits.some(({ key }) => step.memory.parkedKeys.has(key));
    // With lanes parked on one of its keys, each task taken may have to let one of those go first.
    const wanted = others ? 1 : Math.min(room, count - claimed.length);
    const went = takeHeads(step, best.lane, { wanted, bound: best.bound, nodeId }, claimed);
    if (went === 'waits_over') break;
  }
  return claimed;
}

/** The best unparked lane of these types, and the score up to which no other lane is better. */
function bestOf(step: Step, typeIds: readonly number[]): { lane: LaneRow; bound: number } | null {
  let best: LaneRow | null = null;
  let bound = Number.POSITIVE_INFINITY;
  for (const typeId of typeIds) {
    const lane = bestLane(step, typeId);
    if (!lane) continue;
    if (best === null || lane.head < best.head) {
      if (best !== null) bound = Math.min(bound, best.head);
      best = lane;
    } else {
      bound = Math.min(bound, lane.head);
    }
  }
  if (best === null) return null;
  return { lane: best, bound: Math.min(bound, nextBestHead(step, best.typeId, best.laneId)) };
}

/** How many more tasks of the lane may run now, or the key that is full. */
function roomOf(step: Step, lane: LaneRow): number | string {
  let room = Number.POSITIVE_INFINITY;
  for (const limit of lane.limits) {
    const max = maximum(step, limit);
    if (max === NO_MAX) continue;
    const free = max - liveSlots(step, limit.key);
    if (free <= 0) return limit.key;
    room = Math.min(room, free);
  }
  return room;
}

// Only what a ready task can have; what a claim sets, or what a task that waits never has, is filled in below.
// `LIMIT ? + 0`: with a bare parameter SQLite compiles the statement anew for each value that is bound to it.
const HEADS = `SELECT t.queue_deadline, t.key_id, t.facets, t.seq, t.id, t.due_at, t.version, t.retry, t.recoveries, t.attempt,
  t.created_at, t.limits, t.error, t.error_code, s.payload, s.priority, s.max_retry, s.retry_strategy, s.queue_timeout_ms,
  s.process_timeout_ms, s.concurrency_key, s.max_concurrency, s.tags, s.parent_id
  ${TASK_FROM} WHERE t.lane_id = ? AND t.score <= ? ORDER BY t.score LIMIT ? + 0`;
type HeadRow = [
  queueDeadline: number | null,
  keyId: number | null,
  facets: string | null,
  seq: number,
  id: string,
  dueAt: number,
  version: number,
  retry: number,
  recoveries: number,
  attempt: number,
  createdAt: number,
  limits: string | null,
  error: string | null,
  errorCode: TaskErrorCode | null,
  payload: string,
  priority: number,
  maxRetry: number,
  retryStrategy: string | null,
  queueTimeoutMs: number,
  processTimeoutMs: number,
  concurrencyKey: string | null,
  maxConcurrency: number | null,
  tags: string | null,
  parentId: string | null,
];
const PROCESS_TIMEOUT = 19;

function takeHeads(
  step: Step,
  lane: LaneRow,
  { wanted, bound, nodeId }: { wanted: number; bound: number; nodeId: string },
  claimed: ClaimedRow[],
): 'taken' | 'waits_over' {
  const upTo = bound === Number.POSITIVE_INFINITY ? Number.MAX_SAFE_INTEGER : bound;
  const heads = step.db.rows<HeadRow>(HEADS, lane.laneId, upTo, wanted);
  if (heads.length === 0) throw new Error(`lane ${lane.laneId} has no head`);
  // More waits are over than one page ends: they are in the way of this lane until the sweeper has been here.
  const fresh = heads.filter(([queueDeadline]) => queueDeadline === null || queueDeadline > step.now);
  for (const alike of withEqualTimeouts(fresh)) claimed.push(...take(step, lane, alike, nodeId));
  if (fresh.length > 0) afterLeaving(step, lane, fresh.length);
  return fresh.length < heads.length ? 'waits_over' : 'taken';
}

/** In their order, in parts that one statement can take: the process timeout decides when the lease ends. */
function withEqualTimeouts(heads: readonly HeadRow[]): HeadRow[][] {
  const parts: HeadRow[][] = [];
  for (const head of heads) {
    const part = parts.at(-1);
    if (part?.[0]?.[PROCESS_TIMEOUT] === head[PROCESS_TIMEOUT]) part.push(head);
    else parts.push([head]);
  }
  return parts;
}

// The tokens follow the order of the heads.
const TAKE = `UPDATE task SET status = ${PROCESSING}, lane_id = NULL, queue_deadline = NULL, version = version + 1,
  attempt = attempt + 1, lease = ${LEASE_HELD}, token = ?1 + head.key, lease_ends = ?2, process_deadline = ?3, worker_id = ?4,
  started_at = ?5, updated_at = ?5, progress = NULL, room = NULL FROM json_each(?6) AS head WHERE seq = head.value`;

function take(step: Step, lane: LaneRow, heads: readonly HeadRow[], nodeId: string): ClaimedRow[] {
  const { now } = step;
  const processTimeoutMs = heads[0]?.[PROCESS_TIMEOUT] ?? 0;
  const deadline = processTimeoutMs === 0 ? null : now + processTimeoutMs;
  const leaseEnds = leaseEnd(step, deadline);
  const tokens = heads.map(() => step.nextToken());
  const seqs = JSON.stringify(heads.map((head) => head[3]));
  step.db.run(TAKE, tokens[0] ?? 0, leaseEnds, deadline, nodeId, now, seqs);
  step.dueAt(leaseEnds);
  return heads.map((head, index) =>
    taken(step, lane, head, { nodeId, token: tokens[index] ?? 0, deadline, leaseEnds }),
  );
}

interface Taken {
  readonly nodeId: string;
  readonly token: number;
  readonly deadline: number | null;
  readonly leaseEnds: number;
}

function taken(step: Step, lane: LaneRow, head: HeadRow, { nodeId, token, deadline, leaseEnds }: Taken): ClaimedRow {
  const { now } = step;
  const { typeId } = lane;
  const [, keyId, facets, seq, id, dueAt, before, retry, recoveries, attempts, createdAt, limits, error, errorCode] =
    head;
  const version = before + 1;
  step.memory.held.take(lane.limits, seq, token);
  move(step, { seq, typeId, keyId, facets }, PENDING, PROCESSING);
  step.happened('started');
  step.memory.runs.set(token, { id, seq, typeId, leaseEnds, version, retry, workerId: nodeId, limits, keyId, facets });
  statusEvent(step, { id, typeId, status: PROCESSING, version, retry, workerId: nodeId, error, errorCode });
  // In the order of `TaskColumns`.
  const columns: TaskColumns = [
    seq,
    null,
    id,
    typeId,
    PROCESSING,
    dueAt,
    version,
    retry,
    recoveries,
    attempts + 1,
    0,
    nodeId,
    createdAt,
    now,
    now,
    null,
    limits,
    error,
    errorCode,
    null,
    null,
    head[14],
    head[15],
    head[16],
    head[17],
    head[18],
    head[PROCESS_TIMEOUT],
    head[20],
    head[21],
    head[22],
    head[23],
  ];
  return {
    row: { columns, type: step.typeName(typeId), reason: null },
    token,
    expiresAt: leaseEnds,
    remainingMs: leaseEnds - now,
    processRemainingMs: deadline === null ? null : deadline - now,
  };
}
