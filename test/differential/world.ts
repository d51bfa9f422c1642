// The world of one random history: two stores, and what clients and nodes remember of them.
import assert from 'node:assert/strict';
import type { StoreSettings } from '../../src/ports/task-store.ts';
import { MINUTE, SECOND, uuid } from '../conformance/builders.ts';
import { allTasks, eventsByTask } from '../conformance/invariants.ts';
import type { StoreUnderTest } from '../conformance/stores.ts';
import { Chance } from './chance.ts';
import type { Coverage } from './coverage.ts';
import { Pair, type PairedLease, type Side } from './pair.ts';

const TYPES = ['mail', 'image', 'video'];
const KEYS = ['a', 'b', 'c', 'type:mail'];
export const NODES = ['node-1', 'node-2', 'node-3'] as const;

const REMEMBERED = 400;
const REMEMBERED_LEASES = 200;

export class World {
  readonly pair: Pair;
  readonly chance: Chance;
  readonly coverage: Coverage;
  readonly settings: StoreSettings;
  /** Ids of tasks that were accepted, oldest first. */
  readonly ids: string[] = [];
  /** Ids of tasks that failed or were canceled; some have been revived since. */
  readonly ended: string[] = [];
  /** Every claim ever made that is remembered; most are stale. */
  readonly leases: PairedLease[] = [];
  /** Those that nobody was told to have ended, settled or lost. */
  #held: PairedLease[] = [];
  /** Claims whose handler still runs after a forced settlement. */
  readonly draining: PairedLease[] = [];
  /** Few types and keys make a crowd, many make odd combinations; each history has its own. */
  readonly types: readonly string[];
  readonly keys: readonly string[];
  /** Largest maximum that a task asks for. */
  readonly maxMax: number;
  #numbers = 0;

  private constructor(pair: Pair, chance: Chance, coverage: Coverage, settings: StoreSettings) {
    this.pair = pair;
    this.chance = chance;
    this.coverage = coverage;
    this.settings = settings;
    this.types = TYPES.slice(0, chance.pick([1, 2, 3, 3]));
    this.keys = chance.pick([KEYS.slice(0, 1), KEYS.slice(0, 2), KEYS, KEYS]);
    this.maxMax = chance.between(1, 3);
  }

  static async open(left: StoreUnderTest, right: StoreUnderTest, seed: number, coverage: Coverage): Promise<World> {
    const chance = new Chance(seed);
    const settings = someSettings(chance, left.supports.stallDetection && right.supports.stallDetection);
    return new World(await Pair.open(left, right, settings), chance, coverage, settings);
  }

  number(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  newId(): string {
    return uuid(this.number());
  }

  /** A task that may be revived, if one is known. */
  someEndedId(): string {
    return this.chance.pickRecent(this.ended, 10) ?? this.someId();
  }

  /** A task whose handler submits others: few, so that families grow. */
  someParent(): string {
    return uuid(this.chance.pick([900_001, 900_002, 900_003]));
  }

  remember(id: string): void {
    if (!this.ids.includes(id)) this.ids.push(id);
    if (this.ids.length > REMEMBERED) this.ids.shift();
  }

  someId(): string {
    const known = this.chance.pickRecent(this.ids, 30);
    return known === undefined || this.chance.oneIn(15) ? this.newId() : known;
  }

  /** Mostly one that is held; else a stale one, now and then one that never was. */
  someLease(): PairedLease {
    const held = this.chance.oneIn(4) ? undefined : this.chance.pickRecent(this.#held, 8);
    const known = held ?? this.chance.pickRecent(this.leases, 12);
    if (known !== undefined && !this.chance.oneIn(20)) return known;
    const tokens: PairedLease['tokens'] = this.chance.oneIn(3) ? [0, 0] : this.unknownTokens();
    return { id: this.someId(), tokens, nodeId: this.chance.pick(NODES) };
  }

  unknownTokens(): PairedLease['tokens'] {
    const token = 1_000_000_000 + this.number();
    return [token, token];
  }

  claimed(leases: readonly PairedLease[]): void {
    this.leases.push(...leases);
    this.#held.push(...leases);
    if (this.leases.length > REMEMBERED_LEASES) this.leases.splice(0, REMEMBERED_LEASES / 2);
  }

  noLongerHeld(id: string): void {
    this.#held = this.#held.filter((lease) => lease.id !== id);
  }

  /** Everything that can be seen of both stores is the same, and clean by itself. */
  async compareAll(): Promise<void> {
    const { pair, coverage } = this;
    await this.compareEvents();
    const tasks = await pair.both(({ store }) => allTasks(store));
    for (const { status, pendingReason, error } of tasks) {
      coverage.saw(`a task was ${status}`);
      const canceled = /^Canceled (before it started|while running)(: )?/.exec(error ?? '');
      if (canceled) coverage.saw(`canceled ${canceled[1]}: ${canceled[2] === undefined ? 'without' : 'with a reason'}`);
      if (pendingReason !== null) coverage.saw(`a task waited: ${pendingReason}`);
    }
    await pair.both(({ store }) => store.stats());
    await pair.both(({ store }) => store.concurrency());
    await pair.both(({ store }) => store.nodes());
    assert.deepEqual(await pair.both(({ store }) => store.audit('report')), []);
    await pair.both(async ({ locks }) => (await locks.holds()).map(({ fence: _fence, ...hold }) => hold));
  }

  /** New events since the last look. Their order is compared task by task: between tasks nobody promises one. */
  async compareEvents(): Promise<number> {
    const events = await this.pair.both(async (side) => {
      const entries = await side.store.readOutbox(side.outboxPosition, 100_000);
      side.outboxPosition = entries.at(-1)?.position ?? side.outboxPosition;
      const byTask = eventsByTask(entries.flatMap((entry) => entry.events()));
      return [...byTask].sort(([a], [b]) => (a < b ? -1 : 1));
    });
    const all = events.flatMap(([, ofTask]) => ofTask);
    for (const { kind } of all) this.coverage.saw(`outbox: ${kind}`);
    return all.length;
  }

  /** Forgets what has been read. False when nothing was read yet. */
  async trim({ store, outboxPosition }: Side): Promise<boolean> {
    if (outboxPosition === null) return false;
    await store.trimOutbox(outboxPosition);
    const [oldest] = await store.readOutbox(null, 1);
    const [next] = await store.readOutbox(outboxPosition, 1);
    assert.equal(oldest?.position, next?.position, 'what was read has been forgotten');
    return true;
  }
}

/** Short times, so that a history of minutes sees what takes days in production. */
function someSettings(chance: Chance, canStall: boolean): StoreSettings {
  return {
    leaseMs: chance.pick([2 * SECOND, 5 * SECOND]),
    cancelGraceMs: chance.pick([500, SECOND]),
    semaphoreExpirationMs: chance.pick([SECOND, 10 * SECOND]),
    retentionMs: chance.pick([20 * SECOND, MINUTE]),
    idempotencyMs: chance.pick([5 * SECOND, MINUTE]),
    stallMs: canStall && chance.oneIn(2) ? 10 * SECOND : 0,
  };
}
