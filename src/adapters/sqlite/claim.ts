// Claim: one atomic move that knows the limits. Takes the best lanes' heads, parks lanes whose key is full.
// Its cost does not depend on how many tasks wait behind a full key: they are one parked lane.
import type { ClaimRequest } from '../../ports/task-store.ts';
import { type Listed, move, statusEvent } from './changes.ts';
import { afterLeaving, bestLane, type LaneRow, nextBestHead, park } from './lanes.ts';
import { leaseEnd } from './lease-end.ts';
import { TASK_COLUMNS, TASK_FROM, type TaskColumns, type TaskRow } from './rows.ts';
import { liveSlots, maximum, NO_MAX } from './slots.ts';
import { LEASE_HELD, PENDING, PROCESSING, type Step } from './step.ts';
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

const HEADS = `SELECT t.queue_deadline, t.key_id, t.facets, ${TASK_COLUMNS} ${TASK_FROM} WHERE t.lane_id = ? AND t.score <= ? ORDER BY t.score LIMIT ?`;
type HeadRow = [queueDeadline: number | null, keyId: number | null, facets: string | null, ...TaskColumns];

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
  for (const [, keyId, facets, ...columns] of fresh) claimed.push(take(step, lane, columns, { keyId, facets }, nodeId));
  if (fresh.length > 0) afterLeaving(step, lane, fresh.length);
  return fresh.length < heads.length ? 'waits_over' : 'taken';
}

const TAKE = `UPDATE task SET status = ${PROCESSING}, lane_id = NULL, queue_deadline = NULL, version = version + 1,
  attempt = attempt + 1, lease = ${LEASE_HELD}, token = ?, lease_ends = ?, process_deadline = ?, worker_id = ?,
  started_at = ?, updated_at = ?, progress = NULL WHERE seq = ?`;

function take(
  step: Step,
  lane: LaneRow,
  columns: TaskColumns,
  listed: Pick<Listed, 'keyId' | 'facets'>,
  nodeId: string,
): ClaimedRow {
  const { now } = step;
  const seq = columns[0];
  const typeId = columns[3];
  const processTimeoutMs = columns[26];
  const deadline = processTimeoutMs === 0 ? null : now + processTimeoutMs;
  const expiresAt = leaseEnd(step, deadline);
  const token = step.nextToken();
  step.db.run(TAKE, token, expiresAt, deadline, nodeId, now, now, seq);
  step.memory.held.take(lane.limits, seq, token);
  move(step, { seq, typeId, ...listed }, PENDING, PROCESSING);
  step.happened('started');
  step.dueAt(expiresAt);

  step.memory.runs.set(token, {
    id: columns[2],
    seq,
    typeId,
    leaseEnds: expiresAt,
    version: columns[6] + 1,
    retry: columns[7],
    workerId: nodeId,
    limits: columns[16],
    ...listed,
  });
  columns[1] = null;
  columns[4] = PROCESSING;
  columns[6] += 1;
  columns[9] += 1;
  columns[11] = nodeId;
  columns[13] = now;
  columns[14] = now;
  columns[19] = null;
  statusEvent(step, {
    id: columns[2],
    typeId,
    status: PROCESSING,
    version: columns[6],
    retry: columns[7],
    workerId: nodeId,
    error: columns[17],
    errorCode: columns[18] as null,
  });
  return {
    row: { columns, type: step.typeName(typeId), reason: null },
    token,
    expiresAt,
    remainingMs: expiresAt - now,
    processRemainingMs: deadline === null ? null : deadline - now,
  };
}
