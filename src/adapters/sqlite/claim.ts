// Claim: one atomic move that knows the limits. Takes the best lanes' heads, parks lanes whose key is full.
// Its cost does not depend on how many tasks wait behind a full key: they are one parked lane.
import type { ClaimRequest } from '../../ports/task-store.ts';
import { move, statusEvent } from './changes.ts';
import { type ClaimedHeads, HEAD_COLUMNS, type HeadRow, rareOf } from './claimed.ts';
import { afterLeaving, bestLane, type LaneRow, nextBestHead, park } from './lanes.ts';
import { leaseEnd } from './lease-end.ts';
import { TASK_FROM } from './rows.ts';
import { liveSlots, maximum, NO_MAX } from './slots.ts';
import { PENDING, PROCESSING } from './status.ts';
import { LEASE_HELD, type Step } from './step.ts';
import { settleTime } from './waiting.ts';

export function claim(step: Step, { nodeId, types, count }: ClaimRequest): ClaimedHeads[] {
  settleTime(step);
  if (step.memory.drained.has(nodeId)) return [];
  const typeIds = types.flatMap((type) => step.memory.typeIds.get(type) ?? []);
  const claimed: ClaimedHeads[] = [];
  let left = count;
  while (left > 0) {
    const best = bestOf(step, typeIds);
    if (!best) break;
    const room = roomOf(step, best.lane);
    if (typeof room === 'string') {
      park(step, best.lane, room);
      continue;
    }
    const others = best.lane.limits.some(({ key }) => step.memory.parkedKeys.has(key));
    // With lanes parked on one of its keys, each task taken may have to let one of those go first.
    const wanted = others ? 1 : Math.min(room, left);
    const { heads, are } = headsOf(step, best.lane, { wanted, bound: best.bound });
    if (heads.length > 0) {
      for (const alike of withEqualTimeouts(heads)) claimed.push(take(step, best.lane, alike, nodeId));
      afterLeaving(step, best.lane, heads.length);
      left -= heads.length;
    }
    if (are === 'before_waits_over') break;
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

// `LIMIT ? + 0`: with a bare parameter SQLite compiles the statement anew for each value that is bound to it.
const HEADS = `SELECT ${HEAD_COLUMNS} ${TASK_FROM} WHERE t.lane_id = ? AND t.score <= ? ORDER BY t.score LIMIT ? + 0`;

function headsOf(
  step: Step,
  lane: LaneRow,
  { wanted, bound }: { wanted: number; bound: number },
): { heads: HeadRow[]; are: 'all' | 'before_waits_over' } {
  const upTo = bound === Number.POSITIVE_INFINITY ? Number.MAX_SAFE_INTEGER : bound;
  const heads = step.db.rows<HeadRow>(HEADS, lane.laneId, upTo, wanted);
  if (heads.length === 0) throw new Error(`lane ${lane.laneId} has no head`);
  // More waits are over than one page ends: they are in the way of this lane until the sweeper has been here.
  const fresh = heads.filter(([queueDeadline]) => queueDeadline === null || queueDeadline > step.now);
  return { heads: fresh, are: fresh.length < heads.length ? 'before_waits_over' : 'all' };
}

const PROCESS_TIMEOUT = 13;

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

function take(step: Step, lane: LaneRow, heads: readonly HeadRow[], nodeId: string): ClaimedHeads {
  const { now } = step;
  const type = step.typeName(lane.typeId);
  const processTimeoutMs = heads[0]?.[PROCESS_TIMEOUT] ?? 0;
  const deadline = processTimeoutMs === 0 ? null : now + processTimeoutMs;
  const leaseEnds = leaseEnd(step, deadline);
  const firstToken = step.nextTokens(heads.length);
  const seqs = JSON.stringify(heads.map(([, seq]) => seq));
  step.db.run(TAKE, firstToken, leaseEnds, deadline, nodeId, now, seqs);
  step.dueAt(leaseEnds);
  for (const [index, head] of heads.entries())
    started(step, lane, head, { nodeId, leaseEnds, token: firstToken + index });
  return [heads, type, lane.named, nodeId, now, leaseEnds, deadline, firstToken];
}

function started(
  step: Step,
  lane: LaneRow,
  head: HeadRow,
  { nodeId: workerId, leaseEnds, token }: { nodeId: string; leaseEnds: number; token: number },
): void {
  const { typeId, named } = lane;
  const [, seq, id, , before, retry] = head;
  const [keyId, facets, error, errorCode] = rareOf(head);
  const version = before + 1;
  step.memory.held.take(lane.limits, seq, token);
  step.memory.runs.set(token, { id, seq, typeId, leaseEnds, version, retry, workerId, limits: named, keyId, facets });
  move(step, { seq, typeId, keyId, facets }, PENDING, PROCESSING);
  step.happened('started');
  statusEvent(step, { id, typeId, status: PROCESSING, version, retry, workerId, error, errorCode });
}
