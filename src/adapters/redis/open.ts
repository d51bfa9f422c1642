// Opens the Redis store: connects, checks the server, loads the scripts, says hello.
import { randomUUID } from 'node:crypto';
import { StoreUnavailable } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StoreSettings } from '../../ports/task-store.ts';
import { Calls } from './calls.ts';
import { Connection } from './connection.ts';
import { faultOf, LinkLost } from './faults.ts';
import { functionLibrary } from './function-library.ts';
import { readLayout } from './kept-layout.ts';
import { type ShardKeys, shardKeys } from './keys.ts';
import { type Address, type Link, type LinkOptions, openLink } from './link.ts';
import { scriptWords } from './script-words.ts';
import { loadScripts, type Script } from './scripts.ts';
import { findMaster, type SentinelOptions } from './sentinel.ts';
import { durabilityOf, readServerFacts, type ServerFacts } from './server-facts.ts';
import { Signals } from './signals.ts';
import { type Check, startChecks } from './start-checks.ts';
import { RedisStore } from './store.ts';

/** Where Redis is and how to get in. Survives being sent to another thread. */
export interface RedisAddress {
  /** Not used when `sentinel` is given. */
  readonly addr: Address;
  readonly sentinel?: SentinelOptions | null;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly tls?: LinkOptions['tls'];
  readonly keyPrefix?: string;
  /** Longest time of one call, a wait for the connection included. Default 5 s. */
  readonly callMs?: number;
}

export interface RedisOptions extends RedisAddress {
  readonly settings: StoreSettings;
  readonly clock: Clock;
  /** Most connections to open; at least two, and no more than four are of use. */
  readonly poolSize?: number;
  /** The topic of the log in front of the store (Kafka), if there is one. */
  readonly logTopic?: string;
  /** Tests only: the time the store judges by, instead of the server's clock. */
  readonly storeTime?: () => number;
}

const CALL_MS = 5_000;

/** Thrown by `openRedisStore`: the server answers but cannot be used; the message says what to change. */
export class RedisRefused extends Error {
  override readonly name = 'RedisRefused';
  readonly checks: readonly Check[];
  constructor(checks: readonly Check[]) {
    const faults = checks.filter(({ status }) => status === 'error').map(({ message }) => message);
    super(`Redis cannot be used: ${faults.join(' ')}`);
    this.checks = checks;
  }
}

/**
 * @throws RedisRefused when the server cannot be trusted with tasks
 * @throws StoreUnavailable when it cannot be reached
 */
export async function openRedisStore(options: RedisOptions): Promise<RedisStore> {
  const { clock, settings, poolSize = 10 } = options;
  const keys = shardKeysOf(options);
  const signals = new Signals({ everybody: keys.names.everybody, node: keys.names.node });
  const { facts, checks } = await withLink(options, (link) => examine(link, keys, clock));
  if (checks.some(({ status }) => status === 'error')) throw new RedisRefused(checks);
  const calls = callsFor(keys, facts, settings, options.storeTime ?? null);
  const open = () => openServer(options);
  const callMs = options.callMs ?? CALL_MS;

  const steps = new Connection({ clock, callMs, open, greet: (link) => greet(link, calls) });
  // Reads end leases and waits as well: no connection may be first on a new server without saying hello.
  const reads = poolSize > 2 ? new Connection({ clock, callMs, open, greet: (link) => greet(link, calls) }) : steps;
  const listen = () => openServer(options, callMs);
  const heard = new Connection({ clock, callMs, open: listen, greet: (link) => signals.subscribeAll(link) });
  signals.connection = heard;
  const connections = { steps, reads, signals: heard };
  try {
    await Promise.all([...new Set(Object.values(connections))].map((connection) => connection.open()));
  } catch (error) {
    for (const connection of Object.values(connections)) connection.close();
    throw error;
  }
  return new RedisStore({
    calls,
    connections,
    signals,
    settings,
    durability: durabilityOf(facts),
    checks,
    newRequestId: () => randomUUID(),
    taskKey: keys.names.task,
    logTopic: options.logTopic ?? null,
    leaseConnector: () => ({
      module: new URL(`./lease-connector${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url).href,
      data: leaseData(options, facts.major),
      transferList: [],
    }),
  });
}

/** What `xqueue doctor` shows. @throws StoreUnavailable when the server cannot be reached */
export async function checkRedis(address: RedisAddress, clock: Pick<Clock, 'now'>): Promise<Check[]> {
  const keys = shardKeysOf(address);
  return (await withLink(address, (link) => examine(link, keys, clock))).checks;
}

async function examine(link: Link, { names }: ShardKeys, clock: Pick<Clock, 'now'>) {
  const facts = await readServerFacts(link, () => clock.now());
  return { facts, checks: startChecks(facts, await readLayout(link, names.state)) };
}

export const shardKeysOf = ({ keyPrefix = 'xqueue' }: RedisAddress): ShardKeys => shardKeys(keyPrefix, 0);

export function callsFor(
  keys: ShardKeys,
  facts: Pick<ServerFacts, 'major'>,
  settings: StoreSettings,
  storeTime: (() => number) | null,
): Calls {
  const isNew = facts.major >= 7;
  const scripts: ReadonlyMap<string, Script> = loadScripts(scriptWords(keys), isNew ? 'with' : 'without');
  const functions = isNew ? functionLibrary(scripts) : null;
  return new Calls({ shard: keys.shard, scripts, functions, settings, storeTime });
}

/** A server that is not the one of before changes epochs: see hello.lua. */
export async function greet(link: Link, calls: Calls): Promise<void> {
  const { runId, role } = await readServerFacts(link, () => 0);
  if (role !== 'master') throw new Error('READONLY this server is a replica');
  await calls.step(link, 'hello', { server: runId });
}

/** @param pingMs for a link that only listens: nobody else would notice that its server has gone silent */
export async function openServer(options: RedisAddress, pingMs?: number): Promise<Link> {
  const { addr, sentinel, username = '', password = '', db = 0, tls = false } = options;
  const link: LinkOptions = { username, password, db, tls, connectMs: options.callMs ?? CALL_MS };
  const master = sentinel ? await findMaster(sentinel, link) : addr;
  return openLink(master, pingMs === undefined ? link : { ...link, pingMs });
}

async function withLink<T>(address: RedisAddress, work: (link: Link) => Promise<T>): Promise<T> {
  let link: Link | null = null;
  try {
    link = await openServer(address);
    return await work(link);
  } catch (error) {
    if (!(error instanceof LinkLost)) throw faultOf(error).error;
    const { addr, sentinel } = address;
    const where = sentinel
      ? `the master '${sentinel.master}' (redis.sentinel)`
      : `${addr.host} port ${addr.port} (redis.addr)`;
    throw new StoreUnavailable(`Redis cannot be reached at ${where}: ${error.message}`, error);
  } finally {
    link?.destroy();
  }
}

export type LeaseData = RedisAddress & { readonly settings: StoreSettings; readonly serverMajor: number };

function leaseData(options: RedisOptions, serverMajor: number): LeaseData {
  // What is not data (clock, test time) cannot be sent to a thread.
  const { settings, clock: _clock, storeTime: _time, poolSize: _size, ...address } = options;
  return { ...address, settings, serverMajor };
}
