// What every fault test ends with: the data file is opened by nobody but the audit, and what is in it is checked against
// the invariants, against what clients were promised, and against what handlers say they did. docs/scenarios.md lists
// which invariant is judged where.
import assert from 'node:assert/strict';
import { ManualClock } from '../../src/adapters/clock/manual-clock.ts';
import { openDatabase } from '../../src/adapters/sqlite/database.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open.ts';
import { isFinal, type TaskWithAttempts } from '../../src/domain/task.ts';
import type { TaskEvent } from '../../src/ports/outbox.ts';
import type { TaskStore } from '../../src/ports/task-store.ts';
import { DAY, SETTINGS } from '../conformance/builders.ts';
import { allTasks, checkInvariants } from '../conformance/invariants.ts';
import { judgeHistory } from './history.ts';
import { judgeRuns, type RunRules } from './judge-runs.ts';
import { readRuns } from './runs.ts';

export interface Evidence extends StoreEvidence {
  /** No process has it open any more. */
  readonly dataFile: string;
}

/** What is compared with a store, whichever it is. */
export interface StoreEvidence extends RunRules {
  /** Folder of the nodes: where their handlers noted their runs. */
  readonly folder?: string;
  /** Every task a client was promised, with the payload it gave. */
  readonly accepted: ReadonlyMap<string, string>;
  /** Whether each task must have ended (I9). */
  readonly state: 'all final' | 'any';
  /** `trimmed`: a broker took the events, so only what it had not taken yet is left to judge. */
  readonly history?: 'complete' | 'trimmed';
  /** Whether the store may know tasks beyond `accepted` (submits whose answer never came). */
  readonly others?: 'none' | 'some';
}

export interface AuditReport {
  readonly tasks: readonly TaskWithAttempts[];
  readonly events: readonly TaskEvent[];
}

/** @throws AssertionError that names the invariants that do not hold */
export async function audit(evidence: Evidence): Promise<AuditReport> {
  const report = await judgeFile(evidence);
  if (evidence.state === 'all final') leavesNothing(evidence.dataFile);
  return report;
}

async function judgeFile(evidence: Evidence): Promise<AuditReport> {
  const clock = new ManualClock({ now: Date.now() });
  const store = await openSqliteStore({ path: evidence.dataFile, settings: SETTINGS, clock, host: 'direct' });
  try {
    const report = await judgeStore(store, evidence);
    if (evidence.state === 'all final') await forgetEverything(store, clock);
    return report;
  } finally {
    await store.close();
  }
}

/** @param store nobody else works with it any more. @throws AssertionError that names the invariants that do not hold */
export async function judgeStore(store: TaskStore, evidence: StoreEvidence): Promise<AuditReport> {
  // Ends waits that are over, so that nothing changes any more while we look.
  await store.stats();
  const events = await allEvents(store);
  const tasks = await allTasks(store);
  await checkInvariants(store, events, evidence.history === 'trimmed' ? 'partial' : 'complete');
  const findings = [...judgePromises(evidence, tasks), ...judgeEnds(evidence, tasks), ...tasks.flatMap(judgeTimes)];
  if (evidence.history !== 'trimmed') findings.push(...judgeHistory(events, tasks, evidence));
  if (evidence.folder !== undefined) findings.push(...judgeRuns(readRuns(evidence.folder), tasks, evidence));
  assert.deepEqual(findings.slice(0, 20), [], `${findings.length} findings`);
  return { tasks, events };
}

/** All events the outbox keeps, oldest first. */
export async function allEvents(store: TaskStore): Promise<TaskEvent[]> {
  const events: TaskEvent[] = [];
  let position: string | null = null;
  for (;;) {
    const entries = await store.readOutbox(position, 1000);
    if (entries.length === 0) return events;
    for (const entry of entries) events.push(...entry.events());
    position = entries.at(-1)?.position ?? null;
  }
}

/** I2, A2, I14. */
function judgePromises({ accepted, others = 'none' }: StoreEvidence, tasks: readonly TaskWithAttempts[]): string[] {
  const findings: string[] = [];
  const kept = new Map(tasks.map(({ id, payload }) => [id, payload]));
  for (const [id, payload] of accepted) {
    const found = kept.get(id);
    if (found === undefined) findings.push(`I2: ${id} was accepted and is gone`);
    else if (found !== payload) findings.push(`A2: the payload of ${id} was ${payload}, is ${found}`);
  }
  if (others === 'some') return findings;
  const unknown = tasks.filter(({ id }) => !accepted.has(id)).map(({ id }) => id);
  if (unknown.length > 0) findings.push(`I14: ${unknown.length} tasks nobody was told of, such as ${unknown[0]}`);
  return findings;
}

/** I9. */
function judgeEnds({ state }: StoreEvidence, tasks: readonly TaskWithAttempts[]): string[] {
  if (state === 'any') return [];
  return tasks.filter(({ status }) => !isFinal(status)).map(({ id, status }) => `I9: ${id} is still ${status}`);
}

/** I12, I16: the last start was after the task was due and before its wait was over. */
function judgeTimes({ id, status, startedAt, runAt, queueTimeoutMs, attempts }: TaskWithAttempts): string[] {
  const findings: string[] = [];
  const last = attempts.at(-1);
  // A task that went back to pending was due anew after its last start.
  const wasGivenBack = status === 'pending' || last?.outcome === 'lost' || last?.outcome === 'released';
  if (startedAt === null || wasGivenBack || status === 'canceled' || status === 'timeout') return findings;
  if (startedAt < runAt) findings.push(`I16: ${id} was started ${runAt - startedAt} ms before it was due`);
  if (queueTimeoutMs > 0 && startedAt >= runAt + queueTimeoutMs) findings.push(`I12: ${id} was started after its wait`);
  return findings;
}

/** Lets everything grow old, and takes every event. */
export async function forgetEverything(store: TaskStore, clock: Pick<ManualClock, 'now' | 'set'>): Promise<void> {
  assert.deepEqual(await store.lostLeases(10), [], 'R1: leases');
  clock.set(clock.now() + 30 * DAY);
  for (;;) {
    const { purged, nextMs } = await store.purge(500);
    if (purged === 0 && nextMs !== 0) break;
  }
  for (;;) {
    const last = (await store.readOutbox(null, 10_000)).at(-1);
    if (last === undefined) return;
    await store.trimOutbox(last.position);
  }
}

/** What belongs to tasks or to those who run them. Names of types and tags may stay. */
const MUST_BE_EMPTY = [
  'task',
  'spec',
  'attempt',
  'lane',
  'lane_key',
  'draining_slot',
  'facet_task',
  'idempotency',
  'hold',
  'node',
  'outbox',
  'counter WHERE n <> 0',
];

/** R1: when everything has ended and grown old and every event was taken, nothing is left. */
function leavesNothing(dataFile: string): void {
  const file = openDatabase(dataFile);
  try {
    const left = MUST_BE_EMPTY.filter((table) => file.once(`SELECT 1 FROM ${table} LIMIT 1`).length > 0);
    assert.deepEqual(left, [], 'R1: tables that are not empty');
  } finally {
    file.close();
  }
}
