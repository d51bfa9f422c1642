// The log itself, on the real broker: where records land, what is too large, and how it is read.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, describe, it } from 'node:test';
import { toolCommand } from '../../scripts/kafka/java.ts';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openKafkaLog } from '../../src/adapters/kafka/open.ts';
import { LogUnavailable, XQueueError } from '../../src/domain/errors.ts';
import { SILENT } from '../../src/ports/logger.ts';
import type { LogRecord, TaskLog } from '../../src/ports/task-log.ts';
import { KafkaServer } from '../kafka-server.ts';
import { textOf } from './scene.ts';

const kafka = await KafkaServer.start();
after(() => kafka.stop());
let topics = 0;

async function open(
  more: { topicConfig?: Record<string, string>; batchSize?: number } = {},
): Promise<TaskLog & AsyncDisposable & { topic: string }> {
  const topic = `log-${process.pid}-${++topics}`;
  const log = await openKafkaLog({
    address: { brokers: [kafka.broker], clientId: 'test', tls: null, sasl: null },
    topic,
    groupId: `${topic}-group`,
    partitions: 3,
    replication: null,
    retentionMs: 0,
    config: more.topicConfig ?? {},
    batchSize: more.batchSize ?? 100,
    batchTimeoutMs: 10_000,
    deliveryTimeoutMs: 30_000,
    sessionTimeoutMs: 45_000,
    clock: systemClock,
    log: SILENT,
  });
  return Object.assign(log, { topic, [Symbol.asyncDispose]: () => log.close() });
}

async function all(log: TaskLog, from?: ReadonlyMap<number, number>): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const page of log.read('tasks', from === undefined ? {} : { from })) records.push(...page.records);
  return records;
}

const place = ({ partition, offset }: { partition: number; offset: number }): string => `${partition}/${offset}`;

void describe('appending', () => {
  void it('answers where each record is, also when many come at once and in calls larger than a batch', async () => {
    await using log = await open({ batchSize: 7 });
    const record = (n: number) => ({ key: `key ${n}`, value: `value ${n}`, headers: { n: String(n) } });
    const calls = [
      ...Array.from({ length: 40 }, (_, n) => [record(n)]),
      Array.from({ length: 60 }, (_, n) => record(100 + n)),
    ];
    const places = await Promise.all(calls.map((records) => log.append('tasks', records)));
    const stored = new Map((await all(log)).map((one) => [place(one), one]));
    assert.equal(stored.size, 100);
    for (const [index, records] of calls.entries()) {
      for (const [n, { key, value, headers }] of records.entries()) {
        const one = stored.get(place(places[index]?.[n] ?? assert.fail('no place')));
        assert.deepEqual([one?.key, one && textOf(one), one?.headers], [key, value, headers]);
      }
    }
    assert.deepEqual(await log.append('tasks', []), []);
  });

  void it('puts a key where the Java client puts it', async () => {
    await using log = await open();
    const keys = Array.from({ length: 50 }, (_, n) => `018f${n}-ключ`);
    await log.append(
      'tasks',
      keys.map((key) => ({ key, value: 'ours' })),
    );
    const options = ['--property', 'parse.key=true', '--property', 'key.separator=|'];
    const command = toolCommand('console-producer', [
      '--bootstrap-server',
      kafka.internalBroker,
      '--topic',
      log.topic,
      ...options,
    ]);
    await new Promise<void>((resolve, reject) => {
      const child = execFile('java', command, (error) => (error ? reject(error) : resolve()));
      child.stdin?.end(keys.map((key) => `${key}|theirs\n`).join(''));
    });
    const records = await all(log);
    assert.equal(records.length, 100);
    const partitionsOf = (key: string) =>
      new Set(records.filter((one) => one.key === key).map(({ partition }) => partition));
    for (const key of keys) assert.equal(partitionsOf(key).size, 1, key);
    assert.equal(new Set(records.map(({ partition }) => partition)).size, 3);
  });

  void it('refuses a record that is too large for the topic, not those that come with it', async () => {
    await using log = await open({ topicConfig: { 'max.message.bytes': '10000' } });
    assert.ok(log.recordBytesMax('tasks') < 10_000 && log.recordBytesMax('tasks') > 5_000);
    const [small, large, other] = await Promise.allSettled([
      log.append('tasks', [{ key: 'a', value: 'small' }]),
      log.append('tasks', [{ key: 'b', value: 'x'.repeat(20_000) }]),
      log.append('tasks', [{ key: 'c', value: 'other' }]),
    ]);
    assert.deepEqual([small.status, other.status], ['fulfilled', 'fulfilled']);
    assert.ok(large.status === 'rejected' && large.reason instanceof XQueueError);
    assert.equal(large.reason.code, 'payload_too_large');
    assert.deepEqual((await all(log)).map(textOf).sort(), ['other', 'small']);
  });

  void it('of a megabyte each is possible, and many of them at once', async () => {
    await using log = await open();
    const value = 'x'.repeat(1024 * 1024);
    const records = Array.from({ length: 6 }, (_, n) => ({ key: `k${n}`, value }));
    assert.equal((await log.append('tasks', records)).length, 6);
    const stored = await all(log);
    assert.deepEqual([...new Set(stored.map((one) => one.value?.length))], [value.length]);
    assert.equal(stored.length, 6);
  });

  void it('fails in time while the broker says nothing, and works again when it does', async () => {
    const log = await openKafkaLog({
      address: { brokers: [kafka.broker], clientId: 'test', tls: null, sasl: null },
      topic: `log-${process.pid}-${++topics}`,
      groupId: 'frozen',
      partitions: 1,
      replication: null,
      retentionMs: 0,
      config: {},
      batchSize: 100,
      batchTimeoutMs: 500,
      deliveryTimeoutMs: 1_000,
      sessionTimeoutMs: 45_000,
      clock: systemClock,
      log: SILENT,
    });
    kafka.pause();
    try {
      await assert.rejects(log.append('tasks', [{ key: 'a', value: 'lost?' }]), LogUnavailable);
      assert.equal(log.health().status, 'down');
    } finally {
      kafka.resume();
    }
    for (let tries = 0; ; tries++) {
      const appended = await log.append('tasks', [{ key: 'b', value: 'there' }]).catch(() => null);
      if (appended !== null) break;
      assert.ok(tries < 100, 'it does not come back');
    }
    assert.equal(log.health().status, 'ok');
    assert.ok((await all(log)).map(textOf).includes('there'));
    await log.close();
  });
});

void describe('reading once', () => {
  void it('begins where it is told and ends where the topic ended at the call', async () => {
    await using log = await open();
    const places = await log.append(
      'tasks',
      Array.from({ length: 90 }, (_, n) => ({ key: `k${n}`, value: String(n) })),
    );
    const first = places.filter(({ partition }) => partition === 0).length;
    const from = new Map([[0, first - 2]]);
    const records = await all(log, from);
    assert.equal(records.filter(({ partition }) => partition === 0).length, 2);
    assert.equal(records.length, 90 - first + 2);
    const bounds = await log.bounds('tasks');
    assert.deepEqual(
      bounds.map(({ partition, earliest, end }) => [partition, earliest, end]),
      [0, 1, 2].map((partition) => [partition, 0, places.filter((one) => one.partition === partition).length]),
    );
  });

  void it('of a topic with nothing in it ends at once', async () => {
    await using log = await open();
    assert.deepEqual(await all(log), []);
  });
});
