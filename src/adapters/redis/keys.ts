// Every key XQueue keeps in Redis, and the only place where their names are written. Scripts say `K.lane`; the loader
// puts the name in. All keys of a shard carry its hash tag, so that a shard lives on one node of a cluster.
// docs/redis-keys.md lists the same keys with owner and life time; a test compares them.

/** What follows the shard's prefix. A name that ends in `:` is a family: an id, type, key or number is appended. */
export const KEY_NAMES = {
  // --- the whole shard ---
  state: 'state',
  server: 'server',
  outbox: 'outbox',
  relay: 'relay',
  offsets: 'offsets:',
  gaps: 'gaps:',
  counts: 'n',
  facetCounts: 'n:',
  minute: 'm:',
  // --- tasks ---
  task: 't:',
  firsts: 'fa:',
  firstWorkers: 'fw:',
  payload: 'p:',
  result: 'o:',
  progress: 'g:',
  attempts: 'a:',
  logs: 'log:',
  ids: 'ids:',
  states: 'st:',
  types: 'types',
  typesOf: 'ty:',
  facet: 'x:',
  chunks: 'y:',
  ended: 'ended',
  idempotency: 'i:',
  remembered: 'remembered',
  request: 'req:',
  // --- waiting ---
  delayed: 'delayed',
  deadlines: 'q',
  deadlineChunk: 'q:',
  lane: 'l:',
  lanes: 'lanes',
  ready: 'r:',
  late: 'w:',
  parkedOn: 'parked',
  parkedGroups: 'pk:',
  parkedLanes: 'pl:',
  // --- running ---
  leases: 'leases',
  leasesOf: 'leases:',
  lost: 'lost',
  drains: 'drains',
  drainWorkers: 'drains:workers',
  cancelReason: 'cr:',
  slots: 's:',
  // --- limits ---
  limits: 'limits',
  keys: 'keys',
  keyLanes: 'kl:',
  // --- nodes ---
  nodes: 'nodes',
  nodeTypes: 'nodes:types',
  drainedNodes: 'nodes:drained',
  heard: 'heard',
  handlers: 'h:',
  idle: 'idle:',
  // --- locks of users ---
  hold: 'hold:',
  holds: 'holds',
} as const;
export type KeyName = keyof typeof KEY_NAMES;

/** Pub/sub channels: hints to nodes, nothing is kept. */
export const CHANNEL_NAMES = {
  everybody: 'ch:all',
  node: 'ch:node:',
} as const;
export type ChannelName = keyof typeof CHANNEL_NAMES;

export interface ShardKeys {
  /** Names the shard to Redis: `KEYS[1]` of every script. */
  readonly shard: string;
  readonly names: Readonly<Record<KeyName | ChannelName, string>>;
}

/** @param prefix `redis.key_prefix`; @param shard number of the shard, counted from 0 */
export function shardKeys(prefix: string, shard: number): ShardKeys {
  const base = `{${prefix}:${shard}}:`;
  const names = Object.fromEntries(
    Object.entries({ ...KEY_NAMES, ...CHANNEL_NAMES }).map(([name, suffix]) => [name, `${base}${suffix}`]),
  );
  return { shard: base, names: names as Record<KeyName | ChannelName, string> };
}
