// The composition root: only this file and its folder name concrete adapters. It opens the store, starts what the role
// of the node asks for, and knows the order in which all of it must end.
import { hostname } from 'node:os';
import { MessageChannel } from 'node:worker_threads';
import { systemClock } from './adapters/clock/system-clock.ts';
import { createPinoLogger } from './adapters/log/pino.ts';
import { type Basics, randomWord } from './compose/basics.ts';
import { hasLog } from './compose/kafka-options.ts';
import type { NodeStore } from './compose/node-store.ts';
import { openStore } from './compose/open-store.ts';
import { serve } from './compose/serve.ts';
import { startPush, startRelay } from './compose/start-push.ts';
import { reportNode, startWorker } from './compose/start-worker.ts';
import type { Config } from './config/config.ts';
import { servesHttp } from './config/cross-checks.ts';
import { urlHost } from './config/host-port.ts';
import { ConfigError } from './config/problem.ts';
import type { Resolved } from './config/resolve.ts';
import { XQueueError } from './domain/errors.ts';
import { createEngine } from './engine/create-engine.ts';
import type { Engine } from './engine/engine.ts';
import type { LogFront } from './engine/log/log-front.ts';
import { EventHub } from './engine/push/event-hub.ts';
import type { Clock } from './ports/clock.ts';
import type { Logger } from './ports/logger.ts';
import type { XQueueServer } from './server/create-server.ts';
import { createPermissions } from './server/permissions.ts';
import { exampleHandler } from './worker/example-handler.ts';
import { loadHandlers } from './worker/load-handlers.ts';
import { HandlerRegistry } from './worker/registry.ts';
import type { Worker } from './worker/worker.ts';

export interface ComposeOptions {
  /** Whether to serve HTTP; default: as `node.role` says. */
  readonly http?: 'on' | 'off';
  /** Whether the node has the demo handler `example`, unless a handler file brings its own. */
  readonly demo: 'example' | 'none';
  /** For tests; only with `embedded.path` `:memory:`, because a file's thread has the system's clock. */
  readonly clock?: Clock;
  readonly log?: Logger;
}

export interface XQueueNode {
  readonly id: string;
  readonly config: Config;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  /** Handlers may be added while the node runs; `null`: its role runs none. */
  readonly handlers: HandlerRegistry | null;
  readonly worker: Worker | null;
  readonly server: XQueueServer | null;
  /** Where HTTP is served; `null` if it is not. */
  readonly url: string | null;
  /** Where MQTT clients connect over TCP: the embedded broker, or the address of another one. */
  readonly mqtt: string | null;
  /** Resolves with why when the node can do nothing more and only a new start helps. */
  readonly failed: Promise<string>;
  /** No new work; resolves when every running task has ended or gone back. HTTP still answers. */
  drain(): Promise<void>;
  /** Ends everything, in the order that loses nothing. Drains first if that was not done. */
  close(): Promise<void>;
}

/** @throws StartError, ConfigError; what was already open is closed again */
export async function compose({ config, origin }: Resolved, options: ComposeOptions): Promise<XQueueNode> {
  const clock = options.clock ?? systemClock;
  const id =
    config.node.id ??
    `${hostname()
      .replace(/[^\w.-]/g, '-')
      .slice(0, 40)}-${process.pid}-${randomWord(clock)}`;
  const log = (options.log ?? createLogger(config)).child({ node: id });
  const basics = { id, config, clock, log };
  // Timers and threads do not keep the process alive, and it must not end while a node is open.
  const ends = [keepProcessAlive()];
  const close = async () => {
    for (const end of ends.splice(0).reverse()) {
      await end().catch((error: unknown) => log.error('A part of the node did not end well', { error }));
    }
  };
  try {
    const handlers = config.node.role === 'api' ? null : await handlersOf(config, options.demo, clock);
    const store = await openStore(basics);
    ends.push(() => store.close());
    const front = await openFront(basics, store);
    if (front !== null) ends.push(() => front.log.close());
    const hub = new EventHub({ onFault: (error) => log.error('A listener failed', { error }) });
    const engine = createEngine({
      store,
      clock,
      log,
      hub,
      settings: { nodeId: id, ...config.queue },
      ...(front === null ? {} : { front }),
    });
    ends.push(() => engine.close());
    const permissions = createPermissions(config.auth.keys);
    const push = await startPush(basics, permissions, origin('mqtt.listen'));
    ends.push(() => push.close());
    const relay = await startRelay(basics, push, { store, hub });
    ends.push(() => relay.close());
    const worker = handlers === null ? null : startWorker(basics, { store, engine }, handlers);
    const reporter = worker ?? reportNode(basics, store);
    ends.push(() => reporter.close());
    const isServing = options.http === undefined ? servesHttp(config) : options.http === 'on';
    const server = isServing ? await serve(basics, { engine, permissions, push, relay }) : null;
    if (server !== null) ends.push(() => server.close());
    const drain = async () => {
      server?.startDraining();
      await worker?.drain();
    };
    const url = server?.address ? `http://${urlHost(config.server.host)}:${server.address.port}` : null;
    const failed = store.failed ?? new Promise<never>(() => undefined);
    return { id, config, engine, clock, log, handlers, worker, server, url, mqtt: push.address, failed, drain, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Loaded when it is needed, as the stores are. */
async function openFront(basics: Basics, store: NodeStore): Promise<LogFront | null> {
  if (!hasLog(basics.config)) return null;
  const { logFront, openLog } = await import('./compose/open-log.ts');
  return logFront(basics, await openLog(basics), store);
}

function createLogger({ log, server }: Config): Logger {
  const format = log.format === 'auto' ? (server.mode === 'release' ? 'json' : 'pretty') : log.format;
  return createPinoLogger({ level: log.level, format });
}

async function handlersOf({ handlers: files }: Config, demo: ComposeOptions['demo'], clock: Clock) {
  const registry = new HandlerRegistry(await loadHandlers(files, process.cwd()).catch(refuseHandlers));
  const example = exampleHandler(clock);
  if (demo === 'example' && !registry.has(example.type)) registry.register(example);
  return registry;
}

/** What is wrong with a handler file is wrong with the setting that names it. */
function refuseHandlers(error: unknown): never {
  if (!(error instanceof XQueueError)) throw error;
  throw new ConfigError(error.faults.map(({ path, message }) => ({ name: 'handlers', source: path, message })));
}

function keepProcessAlive(): () => Promise<void> {
  const { port1 } = new MessageChannel();
  port1.ref();
  return async () => port1.close();
}
