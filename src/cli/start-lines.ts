// What a start tells: what runs where, in a few lines, and a command to try it with.
import { isAbsolute, relative, resolve } from 'node:path';
import type { XQueueNode } from '../compose.ts';
import { storeOf } from '../config/cross-checks.ts';
import { parseHostPort } from '../config/host-port.ts';
import { VERSION } from '../version.ts';

/** Names and values; what this node does not have is `null`. */
export type StartFacts = Readonly<
  Record<'http' | 'docs' | 'mqtt' | 'webSocket' | 'store' | 'promise' | 'handlers', string | null>
>;

export function startFacts(node: XQueueNode): StartFacts {
  const { config, engine, url, worker, handlers } = node;
  return {
    http: url === null ? null : `${url}/api/v1`,
    docs: url === null ? null : `${url}/api/v1/docs`,
    mqtt: mqttLine(node),
    webSocket: url === null || config.mqtt.broker === 'off' ? null : `${url.replace('http', 'ws')}/mqtt`,
    store: storeOf(config) === 'redis' ? redisLine(config.redis) : storeLine(config.embedded.path),
    promise: PROMISES[storeOf(config)][engine.durability],
    handlers: worker === null ? null : `${handlers?.types.join(', ')} (${config.queue.maxConcurrency} at once)`,
  };
}

export function startLines(node: XQueueNode): string {
  const facts = startFacts(node);
  const rows: readonly (readonly [string, string | null])[] = [
    ['HTTP', facts.http],
    ['Docs', facts.docs],
    ['MQTT', facts.mqtt],
    ['WebSocket', facts.webSocket],
    ['Store', facts.store],
    ['Accepted', facts.promise],
    ['Handlers', facts.handlers],
  ];
  const lines = rows.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(10)} ${value}`]));
  return [`XQueue ${VERSION} runs as node ${node.id}`, ...lines, ...tryIt(node, facts)].join('\n');
}

type Promises = Readonly<Record<XQueueNode['engine']['durability'], string>>;

const KAFKA = 'means in Kafka, acknowledged by all its in-sync replicas';
const PROMISES: Readonly<Record<'embedded' | 'redis', Promises>> = {
  embedded: {
    fsync: 'means on disk (fsync)',
    process: 'means it survives the end of this process',
    kafka: KAFKA,
    memory: 'means in memory: all tasks are gone when this process ends',
  },
  redis: {
    fsync: "means on Redis's disk (appendfsync always)",
    process: "means in Redis's append-only file, on disk about a second later (see xqueue doctor)",
    kafka: KAFKA,
    memory: 'means in the memory of Redis: a restart of Redis may lose tasks (see xqueue doctor)',
  },
};

function mqttLine({ mqtt, config }: XQueueNode): string | null {
  if (mqtt === null) return null;
  if (config.mqtt.broker !== 'embedded') return `${mqtt} (external broker)`;
  const asked = parseHostPort(config.mqtt.listen)?.port ?? 0;
  return asked === 0 || mqtt.endsWith(`:${asked}`) ? mqtt : `${mqtt} (${asked} is taken)`;
}

function redisLine({ addr, sentinel, db, keyPrefix, tls }: XQueueNode['config']['redis']): string {
  const where = sentinel === null ? (addr ?? '') : `${sentinel.split('@')[0]} (found through Sentinel)`;
  const parts = [
    tls ? 'TLS' : '',
    db === 0 ? '' : `database ${db}`,
    keyPrefix === 'xqueue' ? '' : `prefix ${keyPrefix}`,
  ];
  return ['Redis', where, ...parts.filter((part) => part !== '')].join(' ');
}

function storeLine(path: string): string {
  if (path === ':memory:') return 'SQLite in memory';
  const near = relative(process.cwd(), resolve(path));
  return `SQLite file ${near.startsWith('..') || isAbsolute(near) ? resolve(path) : near}`;
}

function tryIt({ config }: XQueueNode, { http }: StartFacts): string[] {
  if (http === null) return [];
  const key = config.auth.keys.length > 0 ? ` -H 'Authorization: Bearer <key>'` : '';
  const body = `'{"type":"example","payload":{"message":"hello"}}'`;
  return ['', 'Try it:', `  curl -X POST ${http}/tasks${key} -H 'Content-Type: application/json' -d ${body}`, ''];
}
