// What a node wrote and put into the store itself need not be read from the log, and nothing else is passed for it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../../src/adapters/clock/manual-clock.ts';
import { Ingest } from '../../../../src/engine/log/ingest.ts';
import { OwnRecords } from '../../../../src/engine/log/own-records.ts';
import type { LogIntake, LogSpan, PassReply } from '../../../../src/ports/log-intake.ts';
import { SILENT } from '../../../../src/ports/logger.ts';
import type { TaskLog } from '../../../../src/ports/task-log.ts';

function ownRecords(partition: number, offsets: readonly number[]): OwnRecords {
  const own = new OwnRecords();
  for (const offset of offsets) own.add({ partition, offset }, `task ${offset}`);
  return own;
}

describe('own records', () => {
  it('are known from an offset on up to the first that is not', () => {
    const own = ownRecords(2, [5, 6, 7, 9]);
    assert.deepEqual(own.from(2, 5, 100), ['task 5', 'task 6', 'task 7']);
    assert.deepEqual(own.from(2, 5, 2), ['task 5', 'task 6']);
    assert.deepEqual(own.from(2, 8, 100), []);
    assert.deepEqual(own.from(2, 9, 100), ['task 9']);
    assert.deepEqual(own.from(1, 5, 100), []);
  });

  it('are known in any order of coming, and forgotten once somebody is past them', () => {
    const own = ownRecords(0, [3, 4, 1, 2]);
    assert.deepEqual(own.from(0, 1, 100), ['task 1', 'task 2', 'task 3', 'task 4']);
    assert.deepEqual(own.from(0, 4, 100), ['task 4']);
    assert.deepEqual(own.from(0, 3, 100), []);
  });

  it('are forgotten rather than kept without end', () => {
    const offsets = Array.from({ length: 100_000 }, (_, offset) => offset);
    assert.deepEqual(ownRecords(0, offsets).from(0, 0, 1_000_000), []);
  });
});

/** A store that is at an offset, and has lost some tasks. */
class Store implements Pick<LogIntake, 'offsets' | 'pass' | 'noteGap'> {
  at: number | null;
  readonly #lost: readonly string[];

  constructor(at: number, lost: readonly string[] = []) {
    this.at = at;
    this.#lost = lost;
  }

  offsets = async () => new Map(this.at === null ? [] : [[0, this.at]]);
  noteGap = async () => undefined;
  pass = async ({ expected, upTo }: LogSpan, ids: readonly string[]): Promise<PassReply> => {
    if (this.at !== expected) return { state: 'moved', next: this.at };
    const missing = ids.filter((id) => this.#lost.includes(id));
    if (missing.length > 0) return { state: 'missing', ids: missing };
    this.at = upTo;
    return { state: 'ingested' };
  };
}

async function ingestOf(store: Store, own: OwnRecords): Promise<Ingest> {
  const unused = (): never => assert.fail('not needed here');
  const eventCursor = { hold: unused, save: unused };
  const rest = { ingest: unused, gaps: unused, setOffsets: unused, replays: unused, eventCursor };
  const { offsets, pass, noteGap } = store;
  const log: TaskLog = {
    recordBytesMax: unused,
    append: unused,
    join: unused,
    bounds: unused,
    read: unused,
    health: unused,
    close: unused,
  };
  const rules = { topic: 't', originOf: unused, parse: unused, defaults: { defaultRetry: 3, defaultTimeoutMs: 0 } };
  const ingest = new Ingest({
    front: { log, own, intake: { ...rest, offsets, pass, noteGap } },
    rules: { ...rules, strategies: [] },
    clock: new ManualClock(),
    logger: SILENT,
  });
  await ingest.begin(0, null);
  return ingest;
}

describe('a reader', () => {
  const { signal } = new AbortController();
  const upTo = (count: number) => Array.from({ length: count }, (_, offset) => offset);

  it('passes what the node wrote itself, and reads from there on', async () => {
    const store = new Store(0);
    const ingest = await ingestOf(store, ownRecords(0, [...upTo(700), 701]));
    assert.equal(await ingest.advance(0, 0, signal), 700);
    assert.equal(store.at, 700);
  });

  it('reads what the store has lost since', async () => {
    const store = new Store(0, ['task 300']);
    const ingest = await ingestOf(store, ownRecords(0, upTo(400)));
    const next = await ingest.advance(0, 0, signal);
    assert.ok(next <= 300, String(next));
    assert.equal(store.at, next);
  });

  it('goes on where the store is when somebody else was here', async () => {
    const store = new Store(0);
    const ingest = await ingestOf(store, ownRecords(0, upTo(10)));
    store.at = 4;
    assert.equal(await ingest.advance(0, 0, signal), 4);
    assert.equal(await ingest.advance(0, 4, signal), 10);
  });

  it('stays where it was when the store was emptied', async () => {
    const store = new Store(5);
    const ingest = await ingestOf(store, ownRecords(0, [5, 6]));
    store.at = null;
    assert.equal(await ingest.advance(0, 5, signal), 5);
    assert.equal(store.at, null);
  });
});
