// What every fault test with Kafka ends with: the audit of Redis and of the handlers, and beyond it the log against the store. Each
// task in the log is in the store and each in the store is in the log; the events tell each version once, and at last what the
// task is; no task ran more often than its node died.
import assert from 'node:assert/strict';
import { isFinal, type TaskWithAttempts } from '../../src/domain/task.ts';
import { readEventRecord } from '../../src/protocol/read-event-record.ts';
import { parseSubmitText } from '../../src/protocol/submit.ts';
import { eventually } from '../e2e/http.ts';
import type { AuditReport } from '../faults/audit.ts';
import { countsOf } from '../faults/rig.ts';
import { audit, type RedisEvidence } from '../faults-redis/audit.ts';
import type { Scene } from './scene.ts';

type KafkaEvidence = RedisEvidence & {
  /** `rebuilt`: the store was emptied in between, so that changes may be missing. */
  readonly log?: 'complete' | 'rebuilt';
};

/** @throws AssertionError that names the invariants that do not hold */
export async function auditWithLog(
  scene: Scene,
  { log = 'complete', ...evidence }: KafkaEvidence,
): Promise<AuditReport> {
  const { cluster } = scene;
  const first = cluster.members.find(({ url }) => url !== '');
  if (first !== undefined) await everythingIsTold(scene, first.url);
  const events = await scene.records('events');
  const accepted = await acceptedIn(scene);
  const report = await audit(cluster, { ...evidence, history: 'trimmed' });
  assert.deepEqual(findings(report.tasks, accepted, events, log).slice(0, 20), []);
  return report;
}

/** Until the store has been given every record, and the events topic tells the end of each task that has ended. */
async function everythingIsTold(scene: Scene, url: string): Promise<void> {
  await eventually(
    async () => {
      const stats = (await (await fetch(`${url}/stats`)).json()) as { kafka?: { lag: number | null } };
      return stats.kafka?.lag;
    },
    (lag) => lag === 0,
    60_000,
  );
  const { pending, processing, total } = await countsOf(url);
  await eventually(
    async () => {
      const last = [...(await scene.lastChanges()).values()];
      return last.filter(({ status }) => isFinal(status)).length;
    },
    (ended) => ended >= total - pending - processing,
    60_000,
  );
}

interface Accepted {
  /** Ids of the records that a node wrote. Those of one idempotency key, by the key: one of them is a task. */
  readonly ids: ReadonlySet<string>;
  readonly byKey: ReadonlyMap<string, readonly string[]>;
  /** How many valid records there are of other programs. */
  readonly foreign: number;
}

async function acceptedIn(scene: Scene): Promise<Accepted> {
  const ids = new Set<string>();
  const byKey = new Map<string, string[]>();
  let foreign = 0;
  for (const { text } of await scene.records('tasks')) {
    const parsed = parseSubmitText(text, { id: 'allowed' });
    if (!parsed.ok) continue;
    const { id, idempotency } = parsed.value;
    if (id === undefined) foreign += 1;
    else if (idempotency === undefined) ids.add(id);
    else byKey.set(idempotency.key, [...(byKey.get(idempotency.key) ?? []), id]);
  }
  return { ids, byKey, foreign };
}

function findings(
  tasks: readonly TaskWithAttempts[],
  { ids, byKey, foreign }: Accepted,
  events: Awaited<ReturnType<Scene['records']>>,
  log: 'complete' | 'rebuilt',
): string[] {
  const found: string[] = [];
  const kept = new Map(tasks.map((task) => [task.id, task]));
  for (const id of ids) if (!kept.has(id)) found.push(`I2: ${id} is in the log and not in the store`);
  let named = 0;
  for (const [key, of] of byKey) {
    const there = new Set(of.filter((id) => kept.has(id)));
    named += there.size;
    if (there.size !== 1) found.push(`I14: of ${of.length} records of the key ${key} the store has ${there.size}`);
  }
  const others = tasks.length - named - [...ids].filter((id) => kept.has(id)).length;
  if (others !== foreign) found.push(`I14: ${foreign} records of other programs made ${others} tasks`);
  const versions = new Map<string, number>();
  const last = new Map<string, string>();
  for (const { text } of events) {
    const change = readEventRecord(text);
    if (change === null) {
      found.push(`I5: no event: ${text.slice(0, 80)}`);
      continue;
    }
    const { taskId, version, status } = change;
    const before = versions.get(taskId) ?? 0;
    // Written twice when the writer did not hear that the first time had worked; never out of order.
    // Tasks here report no progress, which would take versions of its own.
    const isAgain = version <= before;
    if (!isAgain && version !== before + 1 && log === 'complete') {
      found.push(`I5: version ${version} of ${taskId} follows ${before}`);
    }
    if (isAgain) continue;
    versions.set(taskId, version);
    last.set(taskId, status);
  }
  for (const { id, status } of tasks) {
    if (last.get(id) !== status) found.push(`I5: ${id} is ${status}, its last event says ${String(last.get(id))}`);
  }
  return found;
}
