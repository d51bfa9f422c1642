// A server with everything real behind it: engine, outbox relay and a store. Tests talk to it over a socket, as clients
// do, and play the worker by claiming and settling at the store.
import { createHash } from 'node:crypto';
import { systemClock } from '../../../src/adapters/clock/system-clock.ts';
import { openSqliteStore } from '../../../src/adapters/sqlite/open.ts';
import { createEngine } from '../../../src/engine/create-engine.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { EventHub } from '../../../src/engine/push/event-hub.ts';
import { OutboxRelay } from '../../../src/engine/push/outbox-relay.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { type Logger, SILENT } from '../../../src/ports/logger.ts';
import type { Publisher } from '../../../src/ports/publisher.ts';
import type { Claimed, StoreSettings, TaskStore } from '../../../src/ports/task-store.ts';
import { createServer, type ServerOptions, type XQueueServer } from '../../../src/server/create-server.ts';
import { createPermissions, type KeyEntry, type Scope } from '../../../src/server/permissions.ts';
import { ModelStore } from '../../model/model-store.ts';

const STORE_SETTINGS: StoreSettings = {
  leaseMs: 90_000,
  cancelGraceMs: 30_000,
  semaphoreExpirationMs: 300_000,
  retentionMs: 604_800_000,
  idempotencyMs: 86_400_000,
  stallMs: 0,
};

const ENGINE_SETTINGS = {
  nodeId: 'test-node',
  defaultTimeoutMs: 600_000,
  defaultRetry: 3,
  leaseMs: 90_000,
  heartbeatIntervalMs: 30_000,
  cancelGraceMs: 30_000,
  cleanupIntervalMs: 300_000,
  maxRecoveries: 3,
};

const NO_BROKER: Publisher = {
  hasAudience: () => false,
  publish: async () => undefined,
  health: () => ({ status: 'off', detail: 'no broker' }),
  close: async () => undefined,
};

export interface SceneOptions {
  /** `model`: the reference model; `memory`: SQLite in memory; else the path of an SQLite file. */
  readonly store?: string;
  /** Of the store, the engine and the server. */
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly keys?: readonly KeyEntry[];
  readonly host?: string;
  readonly insecure?: boolean;
  readonly maxPayloadBytes?: number;
  readonly components?: ServerOptions['components'];
  /** Puts something between engine and server, to see or to break what passes. */
  readonly wrap?: (engine: Engine) => Engine;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Scene extends AsyncDisposable {
  readonly server: XQueueServer;
  readonly engine: Engine;
  readonly store: TaskStore;
  readonly url: string;
  readonly port: number;
  /** @param path from the root; a body that is no string is sent as JSON */
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  /** Submits and answers the id. */
  submit(body?: object): Promise<string>;
  /** Takes the best waiting task of the types, as a worker would. */
  claim(...types: readonly string[]): Promise<Claimed>;
  succeed(claimed: Claimed, result?: string): Promise<void>;
}

export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const { clock = systemClock, log = SILENT, wrap = (same: Engine) => same } = options;
  const store = await openStore(options.store ?? 'model', clock);
  const hub = new EventHub();
  const relay = new OutboxRelay({
    store,
    hub,
    publisher: NO_BROKER,
    broker: 'own',
    toMessages: () => [],
    locks: store.locks,
    clock,
    logger: log,
    owner: 'test',
  });
  await relay.start();
  const engine = createEngine({ store, clock, settings: ENGINE_SETTINGS, log, hub });
  const host = options.host ?? '127.0.0.1';
  const server = await createServer({
    engine: wrap(engine),
    clock,
    log,
    version: '1.2.3',
    server: { host, port: 0, insecure: options.insecure ?? false },
    permissions: createPermissions(options.keys ?? []),
    components: options.components ?? {
      mqtt: () => ({ status: 'ok', detail: 'in this process' }),
      kafka: () => ({ status: 'off', detail: 'not configured' }),
    },
    ...(options.maxPayloadBytes === undefined ? {} : { maxPayloadBytes: options.maxPayloadBytes }),
  });
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${port}`;
  let requests = 0;

  const call: Scene['call'] = async (method, path, body, headers = {}) => {
    const content = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(url + path, { method, ...content, headers: { ...type, ...headers } });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  return {
    server,
    engine,
    store,
    url,
    port,
    call,
    async submit(body = { type: 'example' }) {
      const { status, text } = await call('POST', '/api/v1/tasks', body);
      if (status !== 201) throw new Error(text);
      return (JSON.parse(text) as { id: string }).id;
    },
    async claim(...types) {
      const [claimed] = await store.claim({
        requestId: `request-${++requests}`,
        nodeId: 'worker-1',
        types: types.length === 0 ? ['example'] : types,
        count: 1,
      });
      if (claimed === undefined) throw new Error('nothing to claim');
      return claimed;
    },
    async succeed({ lease: { id, token } }, result = '{"ok":true}') {
      await store.settle([{ id, token, outcome: { kind: 'succeed', result }, handler: 'ended', by: 'holder' }]);
    },
    async [Symbol.asyncDispose]() {
      await server.close(1000);
      await relay.close();
      await engine.close();
      await store.close();
    },
  };
}

async function openStore(kind: string, clock: Clock): Promise<TaskStore> {
  if (kind === 'model') return new ModelStore(clock, STORE_SETTINGS);
  const path = kind === 'memory' ? ':memory:' : kind;
  return openSqliteStore({ path, clock, settings: STORE_SETTINGS });
}

/** An entry of `auth.keys` for a key that the test knows. */
export function keyEntry(name: string, key: string, ...scopes: readonly Scope[]): KeyEntry {
  return { name, sha256: createHash('sha256').update(key).digest('hex'), scopes };
}
