// What every change of a task leaves behind besides its row: counts, the lists it appears in, and its event.
import type { TaskErrorCode } from '../../domain/errors.ts';
import type { EventTuple } from './event-text.ts';
import { PROCESSING, STATUS_CODES, stageOf } from './status.ts';
import type { Step } from './step.ts';

/** Under what a task is listed: its type, its concurrency key (through its own column), and its tags and parent (through rows beside it). */
export interface Listed {
  readonly seq: number;
  readonly typeId: number;
  readonly keyId: number | null;
  readonly facets: string | null;
}

/** Counts a task under a status it enters or leaves, for "all" and for each of its facets. `null` = did not or will not exist. */
export function move(step: Step, task: Listed, from: number | null, to: number | null): void {
  const { seq, typeId, keyId } = task;
  if (from !== null) step.count(0, typeId, from, -1);
  if (to !== null) step.count(0, typeId, to, 1);
  if (keyId !== null) {
    if (from !== null) step.count(keyId, typeId, from, -1);
    if (to !== null) step.count(keyId, typeId, to, 1);
  }
  if (task.facets === null) return;
  for (const facetId of JSON.parse(task.facets) as number[]) {
    if (from !== null) step.count(facetId, typeId, from, -1);
    if (to !== null) step.count(facetId, typeId, to, 1);
    relist(step, { facetId, typeId, seq }, from === null ? null : stageOf(from), to === null ? null : stageOf(to));
  }
}

function relist(
  step: Step,
  { facetId, typeId, seq }: { facetId: number; typeId: number; seq: number },
  from: number | null,
  to: number | null,
): void {
  if (from === to) return;
  const which = 'facet_id = ? AND type_id = ? AND stage = ? AND seq = ?';
  if (from === null) step.db.run('INSERT INTO facet_task VALUES (?, ?, ?, ?)', facetId, typeId, to, seq);
  else if (to === null) step.db.run(`DELETE FROM facet_task WHERE ${which}`, facetId, typeId, from, seq);
  else step.db.run(`UPDATE facet_task SET stage = ? WHERE ${which}`, to, facetId, typeId, from, seq);
}

export interface StatusEvent {
  readonly id: string;
  readonly typeId: number;
  readonly status: number;
  readonly version: number;
  readonly retry: number;
  readonly workerId: string | null;
  readonly error?: string | null;
  readonly errorCode?: TaskErrorCode | null;
  readonly progress?: string | null;
  readonly cancelRequested?: 0 | 1;
}

export function statusEvent(step: Step, event: StatusEvent): void {
  step.event(eventTuple(step, 0, event));
}

export function progressEvent(step: Step, event: Omit<StatusEvent, 'status'>): void {
  step.event(eventTuple(step, 1, { ...event, status: PROCESSING }));
}

function eventTuple(step: Step, kind: 0 | 1, event: StatusEvent): EventTuple {
  return [
    kind,
    event.id,
    step.typeName(event.typeId),
    event.status,
    event.version,
    step.now,
    event.retry,
    event.workerId,
    event.error ?? null,
    event.errorCode ?? null,
    event.progress ?? null,
    event.cancelRequested ?? 0,
  ];
}

export function happenedFinal(step: Step, status: number): void {
  step.happened(STATUS_CODES[status] ?? 'failed');
}
