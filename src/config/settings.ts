// Every setting of XQueue, once: name, kind, default, meaning. Loading, `xqueue config show`, the command line,
// the types of the SDK's options and docs/config.md all come from this table.
import { LIMITS } from '../domain/limits.ts';
import { isHostPort } from './host-port.ts';
import { apiKeys, choice, duration, flag, integer, type Kind, list, optional, text, textLike } from './kinds.ts';

export interface Setting<T, Input> {
  readonly kind: Kind<T, Input>;
  readonly doc: string;
  readonly default: Default<T>;
  /** Never shown or logged; can be read from a file named by `XQUEUE_..._FILE`. */
  readonly secret?: 'secret';
}

/** A value, or one that follows from other settings, and how the reference page says so. */
export type Default<T> =
  | { readonly value: T }
  | { readonly from: (value: (path: string) => unknown) => T; readonly says: string };

function setting<T, Input>(kind: Kind<T, Input>, value: NoInfer<T>, doc: string): Setting<T, Input> {
  return { kind, default: { value }, doc };
}

function secret<T, Input>(kind: Kind<T, Input>, value: NoInfer<T>, doc: string): Setting<T, Input> {
  return { kind, default: { value }, doc, secret: 'secret' };
}

const FOREVER_MS = LIMITS.durationSecondsMax * 1000;
const interval = duration(50, FOREVER_MS);
const wait = duration(0, FOREVER_MS);
const count = (max: number) => integer(0, max);
const hostPort = textLike('host:port', 'host:port', isHostPort);
const listenAddress = textLike('host:port', 'host:port, or "" for none', (value) => value === '' || isHostPort(value));
const name = textLike('text', 'text that is not empty', (value) => value.trim() !== '');
const kafkaTopic = textLike('text', '1 to 200 letters, digits and . _ -', (value) =>
  /^[A-Za-z0-9._-]{1,200}$/.test(value),
);
const mqttTopic = textLike(
  'text',
  'a topic without + # or empty levels',
  (value) => /^[^+#\0/]+(\/[^+#\0/]+)*$/.test(value) && !value.startsWith('$') && value.length <= 200,
);
const broker = textLike(
  'text',
  'embedded, off, or an address such as tcp://host:1883, mqtts://host:8883, ws://host/mqtt',
  (value) =>
    value === 'embedded' ||
    value === 'off' ||
    (/^(tcp|mqtt|mqtts|ssl|ws|wss):\/\/./.test(value) && URL.canParse(value)),
);
const nodeId = textLike('text', '1 to 64 letters, digits and . _ -', (value) => /^[A-Za-z0-9._-]{1,64}$/.test(value));
const sentinel = textLike('text', 'name@host:port,host:port', (value) => {
  const [master, hosts, ...rest] = value.split('@');
  return Boolean(master) && rest.length === 0 && (hosts ?? '').split(',').every(isHostPort);
});

export const SETTINGS = {
  store: setting(
    choice('auto', 'embedded', 'redis'),
    'auto',
    'Where tasks live. `auto`: Redis when `redis.addr` or `redis.sentinel` is set, else an SQLite file in this process.',
  ),
  'embedded.path': setting(
    name,
    './data/xqueue.db',
    'Data file of the embedded store; its folder is made when missing. `:memory:` keeps tasks only while the process lives.',
  ),

  'redis.addr': {
    kind: optional(hostPort),
    default: {
      from: (value) => (value('store') === 'redis' && value('redis.sentinel') === null ? 'localhost:6379' : null),
      says: 'none; `localhost:6379` if `store` is `redis`',
    },
    doc: 'Redis (7.0 or later) or Valkey server. Setting it moves all state there, so that any number of nodes can share it.',
  } satisfies Setting<string | null, string | null | undefined>,
  'redis.username': setting(text, '', 'User of the Redis ACL.'),
  'redis.password': secret(text, '', 'Password of the Redis server or user.'),
  'redis.db': setting(count(1_000_000), 0, 'Number of the Redis database.'),
  'redis.pool_size': setting(
    integer(1, 1000),
    10,
    'Most connections this node opens to Redis. All tasks share a few: a node opens four at the most, and never fewer than three (calls, signals, leases).',
  ),
  'redis.min_idle_conns': setting(
    count(1000),
    2,
    'Connections kept open while idle. A node keeps all of its few connections open, so this changes nothing.',
  ),
  'redis.tls': setting(flag, false, 'Connect to Redis over TLS.'),
  'redis.sentinel': setting(
    optional(sentinel),
    null,
    'Find the server through Sentinel: `master-name@host:port,host:port`. `off`: no Sentinel.',
  ),
  'redis.cluster': setting(
    flag,
    false,
    '`redis.addr` is a node of a Redis Cluster. Not possible yet: `true` stops the start with a message that says so.',
  ),
  'redis.key_prefix': setting(
    textLike('text', '1 to 64 letters, digits and . _ : -', (value) => /^[A-Za-z0-9._:-]{1,64}$/.test(value)),
    'xqueue',
    'First part of every key, so that several installations can share a server.',
  ),

  'kafka.brokers': setting(
    list(hostPort),
    [],
    'Kafka (2.8 or later) servers. Setting them makes Kafka the log of all accepted tasks; needs Redis.',
  ),
  'kafka.topic': setting(
    kafkaTopic,
    'task-queue',
    'Topic of accepted tasks. `<topic>.events` and `<topic>.rejected` belong to it.',
  ),
  'kafka.group_id': setting(name, 'task-consumer', 'Consumer group of the nodes that take tasks from Kafka.'),
  'kafka.batch_size': setting(integer(1, 100_000), 100, 'Most tasks sent to Kafka at once.'),
  'kafka.batch_timeout': setting(
    duration(0, 60_000),
    5000,
    'Longest a task waits for its batch. An upper bound: a batch leaves as soon as the one before it is acknowledged.',
  ),
  'kafka.delivery_timeout': setting(
    duration(100, 600_000),
    10_000,
    'Longest Kafka may take to acknowledge a batch; then its tasks are refused with 503.',
  ),
  'kafka.session_timeout': setting(
    duration(6_000, 1_800_000),
    45_000,
    'After how long of silence the other nodes read what a node was reading. Longer than handlers ever block the thread.',
  ),
  'kafka.partitions': setting(
    integer(1, 10_000),
    6,
    'Partitions of the topics that are made with the first start. Topics that are there stay as they are.',
  ),
  'kafka.replication': setting(
    count(100),
    0,
    'Copies of each partition of topics that are made; `0`: three, or as many as there are brokers.',
  ),
  'kafka.retention': setting(
    wait,
    2_592_000_000,
    'How long topics that are made keep accepted tasks (their events: 7 days longer); `0`: for ever. What is older cannot be rebuilt.',
  ),
  'kafka.topic_config': setting(
    list(textLike('name=value', 'name=value, as Kafka names it', (value) => /^[a-z][a-z0-9.]*=./.test(value))),
    [],
    'Further configuration of topics that are made, such as `compression.type=lz4`. Wins over what XQueue sets.',
  ),
  'kafka.tls': setting(flag, false, 'Connect to Kafka over TLS.'),
  'kafka.tls_ca': setting(
    optional(name),
    null,
    'PEM file with the certificates that the brokers are trusted by; none: those of the system.',
  ),
  'kafka.tls_cert': setting(optional(name), null, 'PEM file with the certificate this node shows to the brokers.'),
  'kafka.tls_key': setting(optional(name), null, 'PEM file with the key of `kafka.tls_cert`.'),
  'kafka.tls_insecure': setting(
    flag,
    false,
    'Trust whatever certificate the brokers show. For trying out only: anybody on the way can read and change tasks.',
  ),
  'kafka.sasl': setting(
    choice<'off' | 'plain' | 'scram-sha-256' | 'scram-sha-512'>('off', 'plain', 'scram-sha-256', 'scram-sha-512'),
    'off',
    'How this node logs in to Kafka. `plain` sends the password as it is: only together with `kafka.tls`.',
  ),
  'kafka.username': setting(text, '', 'User at Kafka.'),
  'kafka.password': secret(text, '', 'Password at Kafka.'),

  'mqtt.broker': setting(
    broker,
    'embedded',
    'Who carries live messages: `embedded` (a broker in this process), the address of another one, or `off`.',
  ),
  'mqtt.listen': setting(
    listenAddress,
    '127.0.0.1:1883',
    'TCP address of the embedded broker; `""`: none. When the default port is taken the next free one is used; a port set by hand must be free.',
  ),
  'mqtt.client_id': setting(name, 'task-queue-notifier', 'Client id at another broker; the node id is added.'),
  'mqtt.username': setting(text, '', 'User at another broker.'),
  'mqtt.password': secret(text, '', 'Password at another broker.'),
  'mqtt.qos': setting(choice(0, 1, 2), 1, 'Quality of service of every message.'),
  'mqtt.protocol': setting(
    choice<'auto' | '3.1.1' | 5>('auto', '3.1.1', 5),
    'auto',
    'MQTT version spoken to another broker. `auto`: 5, and 3.1.1 with a broker that does not know 5. The embedded broker speaks 3.1.1.',
  ),
  'mqtt.tls_ca': setting(
    optional(name),
    null,
    'PEM file with the certificates that another broker (`mqtts://`, `wss://`) is trusted by; none: those of the system.',
  ),
  'mqtt.tls_insecure': setting(
    flag,
    false,
    'Trust whatever certificate another broker shows. For trying out only: anybody on the way can read and change messages.',
  ),
  'mqtt.format': setting(
    choice('json', 'cloudevents'),
    'json',
    '`json`: the message itself. `cloudevents`: the message as `data` of a CloudEvent 1.0 in structured mode.',
  ),
  'mqtt.progress_expiry': setting(
    duration(0, FOREVER_MS),
    60_000,
    'With MQTT 5, how long a broker keeps progress for subscribers that are away, in whole seconds; `0`: as long as it likes.',
  ),
  'mqtt.queue_max_events': setting(
    integer(100, 10_000_000),
    20_000,
    'Most changes that wait in memory for a broker that is slow or away; each is one or two messages. Beyond it newer versions replace older ones of the same task, then the oldest goes; both are counted.',
  ),
  'mqtt.queue_max_bytes': setting(
    integer(64 * 1024, 4 * 1024 * 1024 * 1024),
    8 * 1024 * 1024,
    'The same bound in bytes.',
  ),
  'mqtt.topic': setting(
    mqttTopic,
    'task/status',
    'Base topic: changes of a task go to `<topic>/<task id>` and `<topic>/status/<status>`.',
  ),

  'server.host': setting(name, '127.0.0.1', 'Address the HTTP server binds. Anything but loopback needs `auth.keys`.'),
  'server.port': setting(count(65_535), 8080, 'Port of HTTP, console and MQTT over WebSocket; `0` takes any free one.'),
  'server.mode': setting(
    choice('debug', 'release'),
    'debug',
    '`debug` logs for people, `release` logs as JSON lines. Nothing else differs.',
  ),
  'server.insecure': setting(flag, false, 'Allow a public address without `auth.keys`.'),
  'auth.keys': secret(
    apiKeys,
    [],
    'API keys: a list of `{ name, sha256, scopes }`, made by `xqueue auth new-key`. Empty: everybody who can connect may do everything.',
  ),

  'queue.default_timeout': setting(wait, 600_000, 'Queue and process timeout of tasks that name none; `0`: no limit.'),
  'queue.default_retry': setting(count(LIMITS.maxRetryMax), 3, 'Retries of tasks that name no `max_retry`.'),
  'queue.max_concurrency': setting(integer(1, 100_000), 100, 'Handlers that run at once on this node.'),
  'queue.cleanup_interval': setting(
    interval,
    300_000,
    'How often the auditor looks for what should be impossible, and mends it.',
  ),
  'queue.heartbeat_interval': setting(interval, 30_000, 'How often the leases of running tasks are renewed.'),
  'queue.lease': {
    kind: interval,
    default: {
      from: (value) => 3 * Number(value('queue.heartbeat_interval')),
      says: '3 x `queue.heartbeat_interval`: `90s`',
    },
    doc: 'How long a running task stays with a node that is not heard of. Longer than the heartbeat interval.',
  } satisfies Setting<number, string | number>,
  'queue.semaphore_expiration': setting(
    interval,
    300_000,
    'Longest a concurrency slot is held by a handler that goes on after its task was ended.',
  ),
  'queue.cancel_grace': setting(
    wait,
    30_000,
    'How long a handler may go on after a cancel request before the task ends without it.',
  ),
  'queue.max_recoveries': setting(count(1000), 3, 'How often a task is taken up again after its node was lost.'),
  'queue.retention': setting(wait, 604_800_000, 'How long ended tasks are kept.'),
  'queue.shutdown_grace': setting(
    wait,
    30_000,
    'How long running handlers may go on after SIGTERM before they are asked to stop.',
  ),
  'queue.max_payload_bytes': setting(
    integer(1, LIMITS.bodyBytesMax),
    LIMITS.jsonBytesMax,
    'Largest payload of a task, in bytes of JSON.',
  ),

  handlers: setting(
    list(name),
    [],
    'Files with handlers (`.ts`, `.mts`, `.js`, `.mjs`), relative to the working directory. None: only the built-in `example`.',
  ),
  'log.level': setting(
    choice('debug', 'info', 'warn', 'error', 'silent'),
    'info',
    'The least important lines that are logged.',
  ),
  'log.format': setting(
    choice('auto', 'pretty', 'json'),
    'auto',
    '`auto`: `pretty` in debug mode, `json` in release mode.',
  ),
  'node.role': setting(
    choice('all', 'api', 'worker'),
    'all',
    '`api` serves HTTP and runs no tasks, `worker` runs tasks and serves no HTTP, `all` does both.',
  ),
  'node.id': setting(
    optional(nodeId),
    null,
    'Name of this node, unique among all that run. Default: host name, process id and a random part.',
  ),
} as const;

export type SettingPath = keyof typeof SETTINGS;
export const SETTING_PATHS = Object.keys(SETTINGS) as SettingPath[];

/** The table without the types of the single entries, for code that treats all alike. */
export function settingOf(path: SettingPath): Setting<unknown, unknown> {
  return SETTINGS[path];
}

export function isSettingPath(path: string): path is SettingPath {
  return Object.hasOwn(SETTINGS, path);
}

/** `redis.key_prefix` is `XQUEUE_REDIS_KEY_PREFIX` in the environment ... */
export function environmentName(path: string): string {
  return `XQUEUE_${path.toUpperCase().replaceAll('.', '_')}`;
}

/** ... `--redis-key-prefix` on the command line ... */
export function flagName(path: string): string {
  return `--${path.replace(/[._]/g, '-')}`;
}

/** ... and `redis.keyPrefix` in a program. */
export function camelName(path: string): string {
  return path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
