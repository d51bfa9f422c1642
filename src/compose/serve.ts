// Serves HTTP, and on the same port MQTT over WebSocket.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { StartError } from '../config/start-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { OutboxRelay } from '../engine/push/outbox-relay.ts';
import { consoleFolder, readConsole } from '../server/console-files.ts';
import { createServer, type XQueueServer } from '../server/create-server.ts';
import type { Permissions } from '../server/permissions.ts';
import { type PushFacts, pushDetail } from '../server/push-metrics.ts';
import { VERSION } from '../version.ts';
import type { Basics } from './basics.ts';
import type { Push } from './start-push.ts';

/** @throws StartError when the address cannot be used */
export async function serve(
  { config, clock, log }: Basics,
  parts: {
    readonly engine: Engine;
    readonly permissions: Permissions;
    readonly push: Push;
    readonly relay: OutboxRelay;
  },
): Promise<XQueueServer> {
  const { engine, permissions, push, relay } = parts;
  const { maxPayloadBytes } = config.queue;
  const facts = (): PushFacts => ({
    broker: push.publisher.health().status,
    relay: relay.stats(),
    ...push.facts(),
  });
  const components = {
    push: facts,
    mqtt: () => {
      const { status, detail } = push.publisher.health();
      return { status, detail: pushDetail(detail, facts()) };
    },
    kafka: () => {
      const log = engine.logStatus();
      if (log === null) return { status: 'off' as const, detail: 'kafka.brokers is not set' };
      return { status: log.status, detail: log.detail, ...(log.lag === null ? {} : { lag: log.lag }) };
    },
  };
  const { host, port } = config.server;
  const folder = consoleFolder();
  const server = await createServer({
    engine,
    clock,
    log,
    version: VERSION,
    server: config.server,
    permissions,
    maxPayloadBytes,
    components,
    topic: config.mqtt.topic,
    console: folder === null ? null : readConsole(folder),
  });
  server.raw.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!server.admitsUpgrade(request)) refuseUpgrade(socket, '403 Forbidden');
    else if (!push.handleUpgrade(request, socket, head)) refuseUpgrade(socket, '404 Not Found');
  });
  try {
    await server.listen();
  } catch (error) {
    const setting =
      error instanceof Error && 'code' in error && error.code === 'EADDRNOTAVAIL' ? 'server.host' : 'server.port';
    throw new StartError(setting, `cannot listen on ${host}:${port}: ${reason(error)}`, { cause: error });
  }
  return server;
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  switch (code) {
    case 'EADDRINUSE':
      return 'another program uses this port';
    case 'EACCES':
      return 'this user may not use this port';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine does not have that address';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
