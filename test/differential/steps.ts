// The steps a random history is made of. Each asks both stores the same, compares the replies and notes what it saw.
// What to ask is decided by chance and by the reference model's replies alone, so that a seed always replays.
import assert from 'node:assert/strict';
import { typeKey } from '../../src/domain/concurrency.ts';
import { STATUSES } from '../../src/domain/task.ts';
import type { CancelRequest, ListQuery } from '../../src/ports/task-store.ts';
import { aNode, SECOND } from '../conformance/builders.ts';
import { logs } from './steps-of-logs.ts';
import { someAlike, someSettlement, someSubmission, someSweep } from './wishes.ts';
import { NODES, type World } from './world.ts';

export type Step = (world: World) => Promise<void>;

async function submit(world: World): Promise<void> {
  const { pair, chance, coverage } = world;
  const batch = chance.oneIn(4)
    ? someAlike(world)
    : Array.from({ length: chance.between(1, 4) }, () => someSubmission(world));
  const replies = await pair.both(({ store }) => store.submit(batch));
  for (const reply of replies) {
    coverage.saw(`submit: ${reply.state}`);
    if (reply.state !== 'conflict') world.remember(reply.task.id);
  }
  if (chance.oneIn(8)) await pair.both(({ store }) => store.submit(batch));
}

async function claim(world: World): Promise<void> {
  const { pair, chance, coverage } = world;
  const types = chance.oneIn(2) ? world.types : chance.some(world.types);
  const request = {
    requestId: `request-${world.number()}`,
    nodeId: chance.pick(NODES),
    types: chance.oneIn(6) ? [...types, 'nobody'] : types,
    count: chance.pick([0, 1, 1, 2, 3, 8]),
  };
  const { claimed, leases } = await pair.claims(({ store }) => store.claim(request));
  world.claimed(leases);
  coverage.saw(claimed.length > 0 ? 'claim: some' : 'claim: none');
  if (claimed.length < request.count && claimed.length > 0) coverage.saw('claim: fewer than asked');
  if (claimed.length > 0 && chance.oneIn(6)) {
    const again = await pair.claims(({ store }) => store.claim(request));
    assert.deepEqual(again.claimed, claimed, 'the same request id answers the same leases');
    coverage.saw('claim: asked twice');
  }
}

async function heartbeat(world: World): Promise<void> {
  const { pair, chance, coverage } = world;
  const leases = Array.from({ length: chance.between(0, 4) }, () => world.someLease());
  const nodeId = chance.pick(NODES);
  const replies = await pair.both((side) => side.store.heartbeat({ nodeId, leases: leases.map(side.ref) }));
  if (leases.length === 0) coverage.saw('heartbeat: no leases');
  for (const [index, reply] of replies.entries()) {
    // Now and then a node goes on with a lease that it was told to be lost.
    if (reply.state === 'lost' && !chance.oneIn(3)) world.noLongerHeld(leases[index]?.id ?? '');
    coverage.saw(`heartbeat: ${reply.state}`);
    if (reply.state === 'held' && reply.cancelRequested) coverage.saw('heartbeat: cancel requested');
  }
}

async function settle(world: World): Promise<void> {
  const { pair, chance, coverage } = world;
  const batch = Array.from({ length: chance.between(1, 3) }, () => someSettlement(world));
  const send = () =>
    pair.both((side) => side.store.settle(batch.map(({ lease, ...rest }) => ({ ...rest, ...side.ref(lease) }))));
  const replies = await send();
  for (const [index, { outcome, handler, lease, by }] of batch.entries()) {
    const reply = replies[index];
    coverage.saw(`settle ${outcome.kind}: ${reply?.state}`);
    if (reply?.state !== 'settled') continue;
    world.noLongerHeld(lease.id);
    if (reply.status === 'failed' || reply.status === 'canceled') world.ended.push(lease.id);
    if (handler === 'running') {
      world.draining.push(lease);
      coverage.saw('settle: handler still running');
    }
    if (by === 'sweeper') coverage.saw('settle: by sweeper');
    if (reply.status === 'canceled' && outcome.kind !== 'cancel') coverage.saw('settle: turned into cancel');
    if (outcome.kind === 'retry' && outcome.delayMs > 0) coverage.saw('settle: into retry backoff');
    if (reply.status === 'processing') coverage.saw('settle: an old settlement again');
  }
  if (!chance.oneIn(5)) return;
  const again = await send();
  const lastOfTask = new Map(batch.map(({ lease }, index) => [lease.id, index]));
  for (const [index, { by, lease }] of batch.entries()) {
    // Only the last settlement of a task is remembered: an older one in the same batch may be answered otherwise.
    if (by !== 'holder' || lastOfTask.get(lease.id) !== index) continue;
    assert.equal(again[index]?.state, replies[index]?.state, 'a settlement sent twice hears the same (I15)');
    if (again[index]?.state === 'settled') coverage.saw('settle: sent twice');
  }
}

async function sweepLostLeases(world: World): Promise<void> {
  const { pair, coverage } = world;
  // Tokens are each side's own: compared without, settled with.
  const lost = await pair.both(async ({ store }) =>
    (await store.lostLeases(500)).map(({ token: _token, ...one }) => one),
  );
  coverage.saw(lost.length > 0 ? 'lostLeases: lost' : 'lostLeases: none');
  for (const one of lost) {
    if (one.pastDeadline) coverage.saw('lostLeases: past its deadline');
    const outcome = someSweep(world, one);
    if (outcome === null) continue;
    const reply = await pair.both(async (side) => {
      const token = (await side.store.lostLeases(500)).find(({ id }) => id === one.id)?.token ?? -1;
      return side.store.settle([{ id: one.id, token, outcome, handler: 'ended', by: 'sweeper' }]);
    });
    coverage.saw(`settle ${outcome.kind}: ${reply[0]?.state ?? 'unanswered'}`);
    coverage.saw('settle: by sweeper');
  }
}

async function release(world: World): Promise<void> {
  const { pair, chance, coverage } = world;
  const draining = world.draining.splice(0, chance.between(0, 2));
  const held = chance.oneIn(3) ? [world.someLease()] : [];
  const [still] = world.draining;
  const forged = still && chance.oneIn(3) ? [{ ...still, tokens: world.unknownTokens() }] : [];
  await pair.both((side) => side.store.release([...draining, ...held, ...forged].map(side.ref)));
  if (forged.length > 0) coverage.saw('release: of a draining slot, with a token nobody was given');
  if (draining.length > 0) coverage.saw('release: of a draining slot');
  if (held.length > 0) coverage.saw('release: of a held lease');
}

async function progress(world: World): Promise<void> {
  const { pair, chance, coverage } = world;
  const reports = Array.from({ length: chance.between(1, 3) }, () => ({
    lease: world.someLease(),
    progress: `{"progress":${chance.below(101)}}`,
  }));
  const replies = await pair.both((side) =>
    side.store.progress(reports.map(({ lease, progress }) => ({ ...side.ref(lease), progress }))),
  );
  for (const { state } of replies) coverage.saw(`progress: ${state}`);
}

async function cancel(world: World): Promise<void> {
  const { chance } = world;
  const batch = Array.from({ length: chance.between(1, 3) }, (): CancelRequest => {
    const id = chance.oneIn(3) ? world.someLease().id : world.someId();
    return chance.oneIn(2)
      ? { id }
      : { id, reason: chance.pick(['no longer wanted', 'falsch: größer', 'r'.repeat(500)]) };
  });
  const replies = await world.pair.both(({ store }) => store.cancel(batch));
  for (const { state } of replies) world.coverage.saw(`cancel: ${state}`);
}

async function revive(world: World): Promise<void> {
  const { chance } = world;
  const ids = Array.from({ length: chance.between(1, 3) }, () =>
    chance.oneIn(2) ? world.someEndedId() : world.someId(),
  );
  const replies = await world.pair.both(({ store }) => store.revive(ids));
  for (const { state } of replies) world.coverage.saw(`revive: ${state}`);
}

async function setLimit(world: World): Promise<void> {
  const { pair, chance, coverage } = world;
  const key = chance.pick([...world.keys, ...world.types.map(typeKey)]);
  const max = chance.pick([null, null, null, 0, 1, 2, 3]);
  await pair.both(({ store }) => store.setLimit(key, max));
  coverage.saw(`setLimit: ${max === null ? 'null' : max === 0 ? '0' : 'a number'}`);
}

async function sweepTimers(world: World): Promise<void> {
  const { promoted, timedOut, nextMs } = await world.pair.both(({ store }) => store.sweepTimers(500));
  if (promoted > 0) world.coverage.saw('sweepTimers: promoted');
  if (timedOut > 0) world.coverage.saw('sweepTimers: timed out');
  world.coverage.saw(nextMs === null ? 'sweepTimers: nothing to wait for' : 'sweepTimers: something to wait for');
}

async function purge(world: World): Promise<void> {
  const { purged } = await world.pair.both(({ store }) => store.purge(500));
  world.coverage.saw(purged > 0 ? 'purge: some' : 'purge: none');
}

async function passTime(world: World): Promise<void> {
  const { pair, chance, coverage } = world;
  const how = chance.weighted({ forwards: 12, 'to the next deadline': 8, back: 1, 'a long pause': 1 });
  coverage.saw(`time: ${how}`);
  switch (how) {
    case 'forwards':
      return pair.advance(chance.pick([1, 10, 100, 250, 500, SECOND]));
    case 'to the next deadline': {
      const { nextMs } = await pair.both(({ store }) => store.sweepTimers(500));
      return pair.advance(Math.max(0, Math.min(nextMs ?? 100, 20 * SECOND) - chance.pick([0, 0, 1])));
    }
    case 'back':
      // Whatever a store counts as the highest time it has used, it has used this instant now.
      await pair.both(({ store }) => store.stats());
      return pair.setClock(pair.now - chance.between(1, 3 * SECOND));
    case 'a long pause':
      // Every store counts this call, so both know when the pause began and when it was over.
      await pair.both(({ store }) => store.sweepTimers(500));
      await pair.advance(chance.pick([15 * SECOND, 40 * SECOND, 7_200 * SECOND]));
      await pair.both(({ store }) => store.sweepTimers(500));
  }
}

/** How long ago the ends of a list's span lie. */
const AGES = [-SECOND, 0, 1, 100, SECOND, 5 * SECOND, 60 * SECOND];

async function look(world: World): Promise<void> {
  const { pair, chance, coverage } = world;
  const ids = Array.from({ length: chance.between(1, 4) }, () => world.someId());
  for (const task of await pair.both(({ store }) => store.get(ids))) coverage.saw(task ? 'get: found' : 'get: null');

  const query: ListQuery = {
    limit: chance.pick([1, 3, 10, 1000]),
    offset: chance.pick([0, 0, 1, 7]),
    order: chance.pick(['asc', 'desc']),
    ...(chance.oneIn(2) ? { status: chance.pick(STATUSES) } : {}),
    ...(chance.oneIn(3) ? { type: chance.pick([...world.types, 'nobody']) } : {}),
    ...(chance.oneIn(3) ? { tag: chance.pick(['red', 'green', 'nowhere']) } : {}),
    ...(chance.oneIn(3) ? { concurrencyKey: chance.pick(world.keys) } : {}),
    ...(chance.oneIn(4) ? { parentId: chance.oneIn(4) ? world.someId() : world.someParent() } : {}),
    ...(chance.oneIn(3) ? { createdFrom: pair.now - chance.pick(AGES) } : {}),
    ...(chance.oneIn(3) ? { createdBefore: pair.now - chance.pick(AGES) } : {}),
  };
  const page = await pair.both(({ store }) => store.list(query));
  coverage.saw(page.tasks.length > 0 ? 'list: some' : 'list: none');
  if (page.total > page.tasks.length) coverage.saw('list: more than the page');
  if (query.createdFrom !== undefined && query.createdBefore !== undefined && page.total > 0) {
    coverage.saw('list: of a span of time');
  }
  if (query.parentId !== undefined && page.tasks.length > 0) coverage.saw('list: children');

  const { purged } = await pair.both(({ store }) => store.stats());
  coverage.saw('stats: read');
  if (purged > 0) coverage.saw('stats: purged');

  const keys = await pair.both(({ store }) => store.concurrency());
  if (keys.length === 0) coverage.saw('concurrency: none');
  for (const { limitSource, running, limit, waiting } of keys) {
    coverage.saw(`concurrency: ${limitSource}`);
    if (running >= limit) coverage.saw('concurrency: full');
    if (waiting > 0) coverage.saw('concurrency: waiting');
  }
  for (const { live, draining, drainAsked } of await pair.both(({ store }) => store.nodes())) {
    coverage.saw(live ? 'nodes: live' : 'nodes: silent');
    if (drainAsked) coverage.saw('nodes: asked to drain');
    if (draining) coverage.saw('nodes: draining');
  }
  const mode = chance.pick(['report', 'repair'] as const);
  assert.deepEqual(await pair.both(({ store }) => store.audit(mode)), []);
  coverage.saw(`audit: clean, ${mode}`);
}

async function registry(world: World): Promise<void> {
  const { pair, chance, coverage } = world;
  const id = chance.pick(NODES);
  if (chance.oneIn(5)) {
    await pair.both(({ store }) => store.forgetNode(id));
    coverage.saw('forgetNode: done');
    return;
  }
  if (chance.oneIn(3)) {
    const wish = chance.pick(['drain', 'work', 'work'] as const);
    const { state } = await pair.both(({ store }) => store.setDrain(id, wish));
    coverage.saw(`setDrain ${wish}: ${state}`);
    return;
  }
  const report = aNode({ id, types: chance.some(world.types), running: chance.below(9), draining: chance.oneIn(4) });
  await pair.both(({ store }) => store.reportNode(report));
  coverage.saw('reportNode: done');
}

async function readOutbox(world: World): Promise<void> {
  // Trimmed before the new entries are read: those must survive it.
  if (world.chance.oneIn(2) && (await world.pair.both((side) => world.trim(side)))) {
    world.coverage.saw('outbox: trimmed');
  }
  await world.compareEvents();
}

async function locks(world: World): Promise<void> {
  const { pair, chance, coverage } = world;
  const request = {
    key: chance.pick(['door', 'seats']),
    owner: chance.pick(['ann', 'bob', 'eve']),
    max: chance.pick([1, 1, 2]),
    ttlMs: chance.pick([100, SECOND, 4 * SECOND]),
  };
  const { key, owner } = request;
  switch (chance.pick(['acquire', 'acquire', 'renew', 'release'] as const)) {
    case 'acquire': {
      const held = (await pair.left.locks.holds()).some((hold) => hold.key === key && hold.owner === owner);
      await pair.right.locks.holds();
      const hold = await compareHolds(world, (side) => side.locks.acquire(request));
      coverage.saw(`acquire: ${hold === null ? 'refused' : held ? 'already mine' : 'held'}`);
      return;
    }
    case 'renew': {
      const hold = await compareHolds(world, (side) => side.locks.renew(request));
      coverage.saw(`renew: ${hold === null ? 'lost' : 'held'}`);
      return;
    }
    case 'release':
      await pair.both((side) => side.locks.release(key, owner));
      coverage.saw('releaseHold: done');
  }
}

async function compareHolds(world: World, ask: Parameters<typeof holdOf>[1]): ReturnType<typeof holdOf> {
  const left = await holdOf(world.pair.left, ask);
  const right = await holdOf(world.pair.right, ask);
  if (left !== null && right !== null) world.pair.fence(left.fence, right.fence);
  assert.deepEqual(right && { ...right, fence: 0 }, left && { ...left, fence: 0 });
  return left;
}

type Side = World['pair']['left'];
type Answer = ReturnType<Side['locks']['acquire']>;
function holdOf(side: Side, ask: (side: Side) => Answer): Answer {
  return ask(side);
}

/** How often each step comes up. */
export const STEPS: Readonly<Record<string, { readonly weight: number; readonly run: Step }>> = {
  submit: { weight: 12, run: submit },
  claim: { weight: 14, run: claim },
  heartbeat: { weight: 6, run: heartbeat },
  settle: { weight: 12, run: settle },
  'sweep lost leases': { weight: 3, run: sweepLostLeases },
  release: { weight: 3, run: release },
  progress: { weight: 3, run: progress },
  cancel: { weight: 4, run: cancel },
  revive: { weight: 3, run: revive },
  'set limit': { weight: 3, run: setLimit },
  'sweep timers': { weight: 2, run: sweepTimers },
  purge: { weight: 1, run: purge },
  'pass time': { weight: 12, run: passTime },
  look: { weight: 3, run: look },
  registry: { weight: 2, run: registry },
  'read outbox': { weight: 1, run: readOutbox },
  locks: { weight: 4, run: locks },
  logs: { weight: 3, run: logs },
};
