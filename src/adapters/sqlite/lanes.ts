// Lanes: where ready tasks wait, and the rules by which a full key parks a lane and a freed slot wakes one.
// The rules are proven against brute force by the differential test; the numbers are those of ARCHITECTURE.md.
import type { Limit } from '../../domain/concurrency.ts';
import { facedLimits, hasRoom, liveSlots, NO_MAX, parseLimits } from './slots.ts';
import { type Step } from './step.ts';

export interface LaneRow {
  laneId: number;
  typeId: number;
  /** What its tasks name, as it is stored on them. */
  named: string | null;
  /** What they face: also their type's key. */
  limits: readonly Limit[];
  head: number;
  ready: number;
  parkedOn: string | null;
}

type LaneColumns = [number, number, string | null, number, number, string | null];
const LANE = 'SELECT lane_id, type_id, limits, head, ready, parked_on FROM lane';

function laneOf(step: Step, [laneId, typeId, named, head, ready, parkedOn]: LaneColumns): LaneRow {
  return { laneId, typeId, named, limits: facedLimits(step.typeName(typeId), named), head, ready, parkedOn };
}

export function readLane(step: Step, laneId: number): LaneRow {
  const row = step.db.row<LaneColumns>(`${LANE} WHERE lane_id = ?`, laneId);
  if (!row) throw new Error(`lane ${laneId} is gone`);
  return laneOf(step, row);
}

/** The best lane of a type that is not parked. */
export function bestLane(step: Step, typeId: number): LaneRow | null {
  const row = step.db.row<LaneColumns>(`${LANE} WHERE type_id = ? AND parked_on IS NULL ORDER BY head LIMIT 1`, typeId);
  return row ? laneOf(step, row) : null;
}

/** Score of the best unparked lane of a type other than `laneId`. */
export function nextBestHead(step: Step, typeId: number, laneId: number): number {
  const row = step.db.row<[number]>(
    'SELECT head FROM lane WHERE type_id = ? AND parked_on IS NULL AND lane_id <> ? ORDER BY head LIMIT 1',
    typeId,
    laneId,
  );
  return row ? row[0] : Number.POSITIVE_INFINITY;
}

/** Collects what enters lanes during a step, so that each lane is written once. */
export class LaneEntries {
  readonly #step: Step;
  readonly #lanes = new Map<
    string,
    { laneId: number; type: string; named: string | null; head: number; added: number }
  >();

  constructor(step: Step) {
    this.#step = step;
  }

  /** The lane a ready task of this kind waits in; the task's row must then carry it. */
  enter(type: string, named: string | null, score: number): number {
    // Limits are stored as `laneName` writes them.
    const name = named === null ? type : `${type}\n${named}`;
    let lane = this.#lanes.get(name);
    if (!lane) {
      lane = { laneId: laneIdOf(this.#step, name, type, named, score), type, named, head: score, added: 0 };
      this.#lanes.set(name, lane);
    }
    lane.added += 1;
    if (score < lane.head) lane.head = score;
    return lane.laneId;
  }

  /** Rule 3: a lane that gets a better head while its key has room again leaves the parking at once. */
  write(): void {
    const step = this.#step;
    for (const { laneId, type, named, head, added } of this.#lanes.values()) {
      step.db.run('UPDATE lane SET ready = ready + ?, head = min(head, ?) WHERE lane_id = ?', added, head, laneId);
      step.work(type);
      const parkedOn = step.db.row<[string | null]>('SELECT parked_on FROM lane WHERE lane_id = ?', laneId)?.[0];
      if (typeof parkedOn !== 'string') continue;
      const limit = facedLimits(type, named).find(({ key }) => key === parkedOn);
      if (limit && hasRoom(step, limit)) unpark(step, laneId, parkedOn);
    }
    this.#lanes.clear();
  }
}

function laneIdOf(step: Step, name: string, type: string, named: string | null, head: number): number {
  const known = step.db.row<[number]>('SELECT lane_id FROM lane WHERE name = ?', name);
  if (known) return known[0];
  const [laneId] = step.db.row<[number]>(
    'INSERT INTO lane (name, type_id, limits, head, ready) VALUES (?, ?, ?, ?, 0) RETURNING lane_id',
    name,
    step.typeId(type),
    named,
    head,
  ) ?? [0];
  for (const { key, max } of parseLimits(named)) step.db.run('INSERT INTO lane_key VALUES (?, ?, ?)', key, laneId, max);
  return laneId;
}

/**
 * After tasks have left a lane (claimed, canceled, expired): its head and count, its end when empty, and rule 2:
 * a lane that takes a task, loses its head or runs empty hands the wake on for each of its keys.
 */
export function afterLeaving(step: Step, lane: LaneRow, left: number): void {
  const ready = lane.ready - left;
  if (ready <= 0) {
    dropLane(step, lane);
  } else {
    const [head] = step.db.row<[number]>('SELECT min(score) FROM task WHERE lane_id = ?', lane.laneId) ?? [lane.head];
    step.db.run('UPDATE lane SET ready = ?, head = ? WHERE lane_id = ?', ready, head, lane.laneId);
  }
  if (lane.parkedOn === null) for (const { key } of lane.limits) wake(step, key);
}

function dropLane(step: Step, lane: LaneRow): void {
  step.db.run('DELETE FROM lane WHERE lane_id = ?', lane.laneId);
  for (const { key } of lane.limits)
    step.db.run('DELETE FROM lane_key WHERE key = ? AND lane_id = ?', key, lane.laneId);
  if (lane.parkedOn !== null) forgetParkedKey(step, lane.parkedOn);
}

/** Parks a lane on a full key; its other keys hand the wake on (rule 2). */
export function park(step: Step, lane: LaneRow, key: string): void {
  const max = lane.limits.find((limit) => limit.key === key)?.max ?? NO_MAX;
  step.db.run('UPDATE lane SET parked_on = ?, parked_max = ? WHERE lane_id = ?', key, max, lane.laneId);
  step.memory.parkedKeys.add(key);
  for (const limit of lane.limits) if (limit.key !== key) wake(step, limit.key);
}

function unpark(step: Step, laneId: number, key: string): void {
  step.db.run('UPDATE lane SET parked_on = NULL, parked_max = NULL WHERE lane_id = ?', laneId);
  forgetParkedKey(step, key);
}

function forgetParkedKey(step: Step, key: string): void {
  const still = step.db.row<[number]>('SELECT 1 FROM lane WHERE parked_on = ? LIMIT 1', key);
  if (!still) step.memory.parkedKeys.delete(key);
}

/** Rule 1: for each type, wakes the best lane parked on the key whose own maximum is above the live count. */
export function wake(step: Step, key: string): void {
  if (!step.memory.parkedKeys.has(key)) return;
  const live = liveSlots(step, key);
  const operatorLimit = step.memory.operatorLimits.get(key);
  if (operatorLimit !== undefined && live >= operatorLimit) return;
  const above = operatorLimit === undefined ? live : -1;
  let typeId = -1;
  for (;;) {
    const next = step.db.row<[number | null]>(
      'SELECT min(type_id) FROM lane WHERE parked_on = ? AND type_id > ?',
      key,
      typeId,
    )?.[0];
    if (next === null || next === undefined) return;
    typeId = next;
    const best = bestParked(step, key, typeId, above);
    if (best === null) continue;
    unpark(step, best, key);
    step.work(step.typeName(typeId));
  }
}

/** Goes from one distinct maximum to the next, so that lanes that may not run yet cost nothing however many. */
function bestParked(step: Step, key: string, typeId: number, above: number): number | null {
  let best: { laneId: number; head: number } | null = null;
  let max = above;
  for (;;) {
    const next = step.db.row<[number | null]>(
      'SELECT min(parked_max) FROM lane WHERE parked_on = ? AND type_id = ? AND parked_max > ?',
      key,
      typeId,
      max,
    )?.[0];
    if (next === null || next === undefined) return best?.laneId ?? null;
    max = next;
    const row = step.db.row<[number, number]>(
      'SELECT lane_id, head FROM lane WHERE parked_on = ? AND type_id = ? AND parked_max = ? ORDER BY head LIMIT 1',
      key,
      typeId,
      max,
    );
    if (row && (best === null || row[1] < best.head)) best = { laneId: row[0], head: row[1] };
  }
}
