// Puts the HTTP server together: the route table, the checks that every request passes, and the ways out. Rules about
// tasks are elsewhere; here is only what makes HTTP of them.
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FastifyInstance, type FastifyServerOptions, fastify } from 'fastify';
import { LIMITS } from '../domain/limits.ts';
import type { Engine } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { splitQuery } from '../protocol/query.ts';
import { createAccess } from './access.ts';
import { addRoute, send } from './add-route.ts';
import { refusal } from './answer.ts';
import { textReader } from './body.ts';
import { BulkOperations } from './bulk-operations.ts';
import type { ConsoleFiles } from './console-files.ts';
import { answerOfFailure, answerParserError } from './failures.ts';
import { createMetrics } from './metrics.ts';
import { OpenCalls } from './open-calls.ts';
import { openApiOf } from './openapi.ts';
import { addPages } from './pages.ts';
import type { Permissions, Principal } from './permissions.ts';
import { ROUTES } from './routes/table.ts';
import { Series } from './series.ts';
import type { ComponentHealth, Durability, Services } from './services.ts';
import { trackSilentConnections } from './silent-connections.ts';
import { SubmitGatherer } from './submit-gatherer.ts';
import { addUnmatched } from './unmatched.ts';

export interface ServerOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  /** Version of the product. */
  readonly version: string;
  /** `server.host`, `server.port` (0 = any free one) and `server.insecure`. */
  readonly server: { readonly host: string; readonly port: number; readonly insecure: boolean };
  readonly permissions: Permissions;
  /** `queue.max_payload_bytes`. */
  readonly maxPayloadBytes?: number;
  /** What a 201 promises; default: what the engine's store does. */
  readonly durability?: Durability;
  readonly components: ComponentHealth;
  /** `mqtt.topic`; default `task/status`. */
  readonly topic?: string;
  /** The built web console; without it `/` is a page that says how to build it. */
  readonly console?: ConsoleFiles | null;
}

export interface XQueueServer {
  /** Begins to listen. Rejects with the system's error (`EADDRINUSE`, `EACCES` ...). */
  listen(): Promise<AddressInfo>;
  /** `null` while it does not listen. */
  readonly address: AddressInfo | null;
  /** For the WebSocket upgrade; ask `admitsUpgrade` first. */
  readonly raw: Server;
  /** Whether an upgrade may go on: `false` when a page of another site is behind it. */
  admitsUpgrade(request: IncomingMessage): boolean;
  /** From now on `/readyz` answers 503 and connections are not kept. Everything else goes on. */
  startDraining(): void;
  /** Ends long polls and streams, lets running requests finish for at most `graceMs` (default 5000), and closes. */
  close(graceMs?: number): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 120_000;
const CLOSE_GRACE_MS = 5_000;
/** Room for a body around the largest payload. */
const FRAME_BYTES = 1024 * 1024;

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

export async function createServer(options: ServerOptions): Promise<XQueueServer> {
  const { clock } = options;
  let isDraining = false;
  const services = servicesOf(options, () => isDraining);
  const { openCalls } = services;
  const app = createApp(services);
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(SECURITY_HEADERS);
    if (isDraining) reply.header('connection', 'close');
    const refused = services.access.refuseForeign(request.raw);
    if (refused === null) done();
    else send(reply, refused);
  });
  for (const route of ROUTES) addRoute(app, route, services);
  addUnmatched(app, ROUTES);
  addPages(app, services, options.console ?? null);
  await app.ready();
  const endSilent = trackSilentConnections(app.server);

  // Other expectations than `100-continue` may be ignored (RFC 9110, 10.1.1); Node would answer 417 without a body.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));

  return {
    raw: app.server,
    get address() {
      const address = app.server.address();
      return typeof address === 'object' ? address : null;
    },
    async listen() {
      await app.listen({ host: options.server.host, port: options.server.port });
      services.series.start();
      return app.server.address() as AddressInfo;
    },
    admitsUpgrade: (request) => services.access.refuseForeign(request) === null,
    startDraining() {
      isDraining = true;
    },
    async close(graceMs = CLOSE_GRACE_MS) {
      isDraining = true;
      openCalls.close();
      services.series.close();
      services.bulk.close();
      endSilent();
      const force = clock.after(graceMs, () => app.server.closeAllConnections());
      await app.close();
      force.cancel();
    },
  };
}

function servicesOf(options: ServerOptions, isDraining: () => boolean): Services {
  const { engine, clock, log, version, components, permissions, server } = options;
  const openCalls = new OpenCalls();
  const parts = { engine, clock, log };
  return {
    engine,
    submits: new SubmitGatherer(engine),
    clock,
    log,
    version,
    components,
    openCalls,
    bulk: new BulkOperations(parts),
    series: new Series(parts),
    topic: options.topic ?? 'task/status',
    isDraining,
    durability: options.durability ?? engine.durability,
    maxPayloadBytes: options.maxPayloadBytes ?? LIMITS.jsonBytesMax,
    access: createAccess({ permissions, host: server.host, insecure: server.insecure }),
    isOpen: permissions.isOpen,
    metrics: createMetrics(
      () => openCalls.size,
      components.push?.bind(components),
      () => engine.logStatus(),
    ),
    description: JSON.stringify(openApiOf(ROUTES, version)),
    startedMs: clock.monotonic(),
  };
}

/** We validate and serialize ourselves; without these Fastify would load two compilers that nobody uses. */
const OWN_COMPILERS = {
  compilersFactory: { buildValidator: () => () => () => true, buildSerializer: () => () => JSON.stringify },
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;

/** The framework without what we do ourselves: its validation, its error texts, its request log. */
function createApp({ log, maxPayloadBytes }: Services): FastifyInstance {
  const bodyLimit = Math.max(LIMITS.bodyBytesMax, maxPayloadBytes + FRAME_BYTES);
  const app: FastifyInstance = fastify({
    bodyLimit,
    schemaController: OWN_COMPILERS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
    http: {
      // Node would refuse a missing Host with an empty 400; we say why.
      requireHostHeader: false,
      // Clients that would rather speak HTTP/2 (Java's, curl --http2) ask for it in every request and must be answered.
      shouldUpgradeCallback: ({ headers }) =>
        headers.upgrade?.toLowerCase() === 'websocket' && app.server.listenerCount('upgrade') > 0,
    },
    routerOptions: {
      // The length of a key is judged by its schema, which can say so.
      maxParamLength: 16 * 1024,
      querystringParser: (text) => splitQuery(text) as unknown as Record<string, unknown>,
    },
    clientErrorHandler: answerParserError,
    frameworkErrors: (_error, _request, reply) => {
      reply.headers(SECURITY_HEADERS);
      send(reply, refusal('invalid_request', { detail: 'The address is not valid percent-encoded UTF-8' }));
    },
  });
  app.decorateRequest('principal', null as unknown as Principal);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', textReader(bodyLimit));
  app.setErrorHandler((error, request, reply) =>
    send(reply, answerOfFailure(error, log, { method: request.method, url: request.url })),
  );
  return app;
}
