// What a rebuild makes of a log: which records are tasks, in which order they come back, and what is only a second record of one.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../../src/adapters/clock/manual-clock.ts';
import { type RebuildParts, rebuild } from '../../../../src/engine/log/rebuild.ts';
import type { LogPage, LogRecord, LogTopic } from '../../../../src/ports/task-log.ts';
import type { LostTask } from '../../../../src/ports/task-restore.ts';
import { acceptedRecord } from '../../../../src/protocol/accepted-record.ts';
import { readEventRecord } from '../../../../src/protocol/read-event-record.ts';
import { parseSubmitText } from '../../../../src/protocol/submit.ts';
import { aSubmission, DAY, HOUR, nextUuid, SECOND, type TaskWish } from '../../../conformance/builders.ts';

const NOW = 1_767_225_600_000;

/** A log of two partitions, read a record at a time in turn, as real ones may come. */
class Log {
  readonly #topics: Record<LogTopic, LogRecord[][]> = { tasks: [[], []], events: [[], []], rejected: [[]] };

  add(topic: LogTopic, partition: number, value: string): void {
    const records = this.#topics[topic][partition];
    assert.ok(records);
    const offset = records.length;
    records.push({ partition, offset, key: null, value: Buffer.from(value), headers: {}, timestampMs: NOW });
  }

  task(partition: number, atMs: number, wish: TaskWish = {}): string {
    const submission = aSubmission(wish);
    this.add('tasks', partition, acceptedRecord(submission, atMs));
    return submission.spec.id;
  }

  event(taskId: string, status: string, version: number, more: object = {}): void {
    const timestamp = new Date(NOW - HOUR).toISOString();
    this.add(
      'events',
      0,
      JSON.stringify({ task_id: taskId, type: 'mail', status, version, timestamp, retry: 0, ...more }),
    );
  }

  bounds = async (topic: LogTopic) =>
    this.#topics[topic].map((records, partition) => ({ partition, earliest: 0, end: records.length }));

  async *read(topic: LogTopic): AsyncGenerator<LogPage> {
    const longest = Math.max(...this.#topics[topic].map(({ length }) => length));
    for (let at = 0; at < longest; at++) {
      for (const [partition, records] of this.#topics[topic].entries()) {
        const record = records[at];
        if (record) yield { partition, records: [record], next: at + 1, end: records.length };
      }
    }
  }
}

async function rebuilt(log: Log, wish: Partial<RebuildParts> = {}) {
  const restored: LostTask[] = [];
  const offsets = new Map<number, number>();
  const progress: string[] = [];
  const report = await rebuild({
    log,
    restorer: {
      restore: async (batch) => {
        restored.push(...batch);
        return batch.map(() => 'restored');
      },
    },
    intake: {
      setOffsets: async (next) => {
        for (const [partition, offset] of next) offsets.set(partition, offset);
      },
    },
    rules: {
      topic: 'tasks',
      originOf: () => 'foreign',
      parse: (text) => parseSubmitText(text, { id: 'allowed' }),
      defaults: { defaultRetry: 3, defaultTimeoutMs: 600 * SECOND },
      strategies: [],
    },
    readChange: readEventRecord,
    clock: new ManualClock({ now: NOW }),
    retentionMs: 7 * DAY,
    idempotencyMs: DAY,
    newestAt: 0,
    mode: 'apply',
    onProgress: ({ reading, done, total }) => progress.push(`${reading} ${done}/${total}`),
    ...wish,
  });
  return { report, restored, offsets, progress, ids: restored.map(({ submission }) => submission.spec.id) };
}

void describe('a rebuild', () => {
  void it('brings tasks of all partitions back in the order in which they were accepted', async () => {
    const log = new Log();
    const [c, a, b, d] = [log.task(0, NOW - 30), log.task(1, NOW - 50), log.task(1, NOW - 40), log.task(0, NOW - 20)];
    const { ids, offsets, report, progress } = await rebuilt(log);
    assert.deepEqual(ids, [a, b, c, d]);
    assert.deepEqual(
      [...offsets],
      [
        [0, 2],
        [1, 2],
      ],
    );
    assert.deepEqual([report.accepted, report.pending, report.final], [4, 4, 0]);
    assert.deepEqual([progress[0], progress.at(-1)], ['events 0/0', 'tasks 4/4']);
  });

  void it('puts none in front of tasks that the store has already', async () => {
    const log = new Log();
    log.task(0, NOW - 5000);
    log.task(0, NOW - 10);
    const { restored } = await rebuilt(log, { newestAt: NOW - 1000 });
    assert.deepEqual(
      restored.map(({ createdAt }) => createdAt),
      [NOW - 1000, NOW - 10],
    );
  });

  void it('counts a task once, however many records name it, and what is no task not at all', async () => {
    const log = new Log();
    const id = nextUuid();
    for (let times = 0; times < 3; times++) log.task(0, NOW, { id });
    for (const text of ['no JSON', '{"type":""}', '[]']) log.add('tasks', 1, text);
    log.add('tasks', 1, '{"type":"mail"}');
    log.add('tasks', 1, '{"type":"mail"}');
    const { report, ids } = await rebuilt(log);
    assert.deepEqual([report.accepted, report.duplicates, report.unreadable], [3, 2, 3]);
    assert.equal(new Set(ids).size, 3);
  });

  void it('knows what has ended, and forgets what ended longer ago than it would be kept', async () => {
    const log = new Log();
    const [ended, old, waits] = [log.task(0, NOW - HOUR), log.task(0, NOW - 9 * DAY), log.task(1, NOW)];
    log.event(ended, 'processing', 2);
    log.event(ended, 'success', 3, { result: { n: 1 }, attempt: 1 });
    log.event(old, 'failed', 3, { completed_at: new Date(NOW - 8 * DAY).toISOString() });
    const { report, restored } = await rebuilt(log);
    assert.deepEqual([report.accepted, report.final, report.pending, report.forgotten], [3, 1, 1, 1]);
    const byId = new Map(restored.map((task) => [task.submission.spec.id, task.last]));
    assert.deepEqual([byId.get(ended)?.status, byId.get(ended)?.result], ['success', '{"n":1}']);
    assert.equal(byId.get(waits), null);
    assert.equal(byId.has(old), false);
  });

  void it('takes of two records with one idempotency key the one that became a task, whichever came first', async () => {
    const log = new Log();
    const idempotency = { key: 'k', fingerprint: 'f' };
    const loser = log.task(0, NOW - 3 * DAY, { idempotency });
    const winner = log.task(1, NOW - 3 * DAY + 5, { idempotency });
    const later = log.task(0, NOW - DAY, { idempotency });
    log.event(winner, 'success', 3);
    const { ids, report } = await rebuilt(log);
    assert.ok(!ids.includes(loser));
    assert.deepEqual(ids, [winner, later]);
    assert.deepEqual([report.accepted, report.duplicates], [2, 1]);
  });

  void it('that only reports leaves offsets as they are', async () => {
    const log = new Log();
    log.task(0, NOW);
    const { offsets, report } = await rebuilt(log, { mode: 'report' });
    assert.deepEqual([offsets.size, report.restored], [0, 1]);
  });
});
