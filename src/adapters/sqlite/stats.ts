// Numbers about everything: all from counters and indexes, none by walking through tasks.
import type { MinuteCounts, StoreStats, TypeStats } from '../../ports/task-store.ts';
import { facedLimits, hasRoom, NO_MAX } from './slots.ts';
import { STATUS_CODES } from './status.ts';
import type { Step } from './step.ts';
import { settleTime } from './waiting.ts';

const MINUTES_SHOWN_MS = 60 * 60_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function stats(step: Step): StoreStats {
  settleTime(step);
  const types: Record<string, Mutable<TypeStats>> = {};
  for (const { typeId, status, n } of step.counted(0)) {
    const name = step.typeName(typeId);
    types[name] ??= emptyType();
    types[name][STATUS_CODES[status] ?? 'failed'] = n;
  }
  for (const [name, entry] of Object.entries(types)) {
    const typeId = step.memory.typeIds.get(name) ?? 0;
    entry.demand = entry.processing;
    entry.oldestPendingMs = entry.pending === 0 ? 0 : oldestWait(step, typeId);
  }
  for (const [name, ready] of runnable(step)) if (types[name]) types[name].demand += ready;
  const { accepted, purged } = step.memory;
  return { types, accepted, purged, minutes: minutes(step) };
}

function emptyType(): Mutable<TypeStats> {
  return { pending: 0, processing: 0, success: 0, failed: 0, canceled: 0, timeout: 0, oldestPendingMs: 0, demand: 0 };
}

function oldestWait(step: Step, typeId: number): number {
  const since = step.db.row<[number | null]>(
    'SELECT min(due_at) FROM task WHERE type_id = ? AND lane_id IS NOT NULL',
    typeId,
  )?.[0];
  return since === null || since === undefined ? 0 : step.now - since;
}

/** Ready tasks per type none of whose keys is full now. Lanes parked on one full key are judged together. */
function runnable(step: Step): Map<string, number> {
  const full = new Map<string, boolean>();
  const ready = new Map<string, number>();
  const lanes = step.db.rows<[number, string | null, number, string | null, number | null]>(
    'SELECT type_id, limits, ready, parked_on, parked_max FROM lane',
  );
  for (const [typeId, limits, n, parkedOn, parkedMax] of lanes) {
    const type = step.typeName(typeId);
    if (parkedOn !== null && isFull(parkedOn, parkedMax ?? NO_MAX)) continue;
    if (facedLimits(type, limits).some(({ key, max }) => isFull(key, max))) continue;
    ready.set(type, (ready.get(type) ?? 0) + n);
  }
  return ready;

  function isFull(key: string, max: number): boolean {
    const name = `${max} ${key}`;
    let known = full.get(name);
    if (known === undefined) {
      known = !hasRoom(step, { key, max });
      full.set(name, known);
    }
    return known;
  }
}

function minutes(step: Step): MinuteCounts[] {
  const byMinute = new Map<number, Mutable<MinuteCounts>>();
  const rows = step.db.rows<[number, keyof Omit<MinuteCounts, 'at'>, number]>(
    'SELECT at, name, n FROM minute WHERE at > ? ORDER BY at',
    step.now - MINUTES_SHOWN_MS,
  );
  for (const [at, name, n] of rows) {
    let entry = byMinute.get(at);
    if (!entry) {
      entry = { at, submitted: 0, started: 0, retried: 0, success: 0, failed: 0, canceled: 0, timeout: 0 };
      byMinute.set(at, entry);
    }
    entry[name] = n;
  }
  return [...byMinute.values()];
}
