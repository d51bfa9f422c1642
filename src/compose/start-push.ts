// Starts what pushes changes to watchers: the broker (in this process, or the way to another one), and the relay that
// feeds it from the outbox.
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { BrokerTls } from '../adapters/mqtt/broker-stream.ts';
import { EmbeddedBroker } from '../adapters/mqtt/embedded-broker.ts';
import { OFF_PUBLISHER } from '../adapters/mqtt/off-publisher.ts';
import { ListenError } from '../adapters/mqtt/tcp-listener.ts';
import type { Config } from '../config/config.ts';
import { storeOf } from '../config/cross-checks.ts';
import { parseHostPort, urlHost } from '../config/host-port.ts';
import { StartError } from '../config/start-error.ts';
import type { EventHub } from '../engine/push/event-hub.ts';
import { OutboxRelay } from '../engine/push/outbox-relay.ts';
import type { Publisher } from '../ports/publisher.ts';
import { pushedMessages } from '../protocol/pushed-messages.ts';
import { progressBase } from '../protocol/topics.ts';
import type { Permissions } from '../server/permissions.ts';
import type { PushFacts } from '../server/push-metrics.ts';
import { type Basics, randomWord } from './basics.ts';
import type { NodeStore } from './node-store.ts';

export interface Push {
  readonly publisher: Publisher;
  /** `own`: nobody else publishes to this broker. */
  readonly broker: 'own' | 'shared';
  /** Where MQTT clients connect over TCP; `null`: nowhere. */
  readonly address: string | null;
  /** For the metrics. */
  facts(): Omit<PushFacts, 'broker' | 'relay'>;
  /** `false`: the request is not for `/mqtt`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  close(): Promise<void>;
}

/** @param listenOrigin whether somebody chose `mqtt.listen`. @throws StartError when that address cannot be used */
export async function startPush(
  basics: Basics,
  permissions: Permissions,
  listenOrigin: 'chosen' | 'default',
): Promise<Push> {
  switch (brokerOf(basics.config, listenOrigin)) {
    case 'off':
      return {
        publisher: OFF_PUBLISHER,
        broker: 'own',
        address: null,
        facts: () => ({ clients: 0, refusedByBroker: 0, refusedOfClients: {} }),
        handleUpgrade: () => false,
        close: async () => {},
      };
    case 'embedded':
      return embedded(basics, permissions, listenOrigin);
    default:
      return external(basics, permissions);
  }
}

/** A worker beside servers has no broker of its own unless it is asked for: nobody would look for it there. */
function brokerOf(config: Config, listenOrigin: 'chosen' | 'default'): string {
  const { broker } = config.mqtt;
  const isWorkerOfMany = config.node.role === 'worker' && storeOf(config) === 'redis';
  return broker === 'embedded' && isWorkerOfMany && listenOrigin === 'default' ? 'off' : broker;
}

async function embedded(basics: Basics, permissions: Permissions, origin: 'chosen' | 'default'): Promise<Push> {
  const { config, log } = basics;
  const address = parseHostPort(config.mqtt.listen);
  const listen = address === null ? null : ({ ...address, origin: origin === 'chosen' ? 'set' : 'default' } as const);
  try {
    const broker = await EmbeddedBroker.start({
      ...audience(basics, permissions),
      listen,
      qos: config.mqtt.qos,
      logger: log,
    });
    return {
      publisher: broker,
      broker: 'own',
      address: broker.address && `mqtt://${urlHost(broker.address.host)}:${broker.address.port}`,
      facts: () => {
        const { clients, refused } = broker.stats();
        return { clients, refusedByBroker: 0, refusedOfClients: { ...refused } };
      },
      handleUpgrade: (request, socket, head) => broker.handleUpgrade(request, socket, head),
      close: () => broker.close(),
    };
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new StartError('mqtt.listen', error.message.replace(/^mqtt\.listen: /, ''), { cause: error });
  }
}

/** A broker that is not there is no reason not to start: tasks do not need it. */
async function external(basics: Basics, permissions: Permissions): Promise<Push> {
  const { ExternalPublisher } = await import('../adapters/mqtt/external-publisher.ts');
  const { WsBridge } = await import('../adapters/mqtt/ws-bridge.ts');
  const { id: nodeId, config, log: logger } = basics;
  const { broker, clientId, qos, topic: base, protocol } = config.mqtt;
  const { url, username, password } = withCredentials(broker, config.mqtt);
  const shared = { ...audience(basics, permissions), url, username, password, clientId, tls: tlsOf(config) };
  const protocolVersion = protocol === '3.1.1' ? 4 : protocol;
  const publisher = new ExternalPublisher({ ...shared, nodeId, base, qos, logger, protocolVersion });
  const bridge = new WsBridge(shared);
  return {
    publisher,
    broker: 'shared',
    address: url,
    facts: () => {
      const { clients, refused } = bridge.stats();
      return { clients, refusedByBroker: publisher.refused, refusedOfClients: { ...refused } };
    },
    handleUpgrade: (request, socket, head) => bridge.handleUpgrade(request, socket, head),
    close: async () => {
      await bridge.close();
      await publisher.close();
    },
  };
}

/** @throws StartError when the file with the certificates cannot be read */
function tlsOf({ mqtt: { tlsCa, tlsInsecure } }: Config): BrokerTls {
  const verify = tlsInsecure ? { rejectUnauthorized: false } : {};
  if (tlsCa === null) return verify;
  try {
    return { ...verify, ca: readFileSync(tlsCa) };
  } catch (error) {
    throw new StartError('mqtt.tls_ca', `cannot read ${tlsCa}`, { cause: error });
  }
}

/** Who may listen to what. */
function audience({ config, clock }: Basics, permissions: Permissions) {
  const mayRead = (key: string | null) =>
    permissions.isOpen || (permissions.identify(key ?? '')?.scopes.has('read') ?? false);
  const access = permissions.isOpen ? ('open' as const) : ('keys' as const);
  return { bases: [config.mqtt.topic, progressBase(config.mqtt.topic)], mayRead, access, clock };
}

/** `mqtt://user:password@host` says the same as the two settings, which win; what is shown has no password in it. */
function withCredentials(broker: string, { username, password }: { username: string; password: string }) {
  const url = new URL(broker);
  const named = { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  url.username = '';
  url.password = '';
  return { url: url.href, ...(username === '' ? named : { username, password }) };
}

export async function startRelay(
  { id, config, clock, log }: Basics,
  { publisher, broker }: Push,
  parts: { readonly store: NodeStore; readonly hub: EventHub },
): Promise<OutboxRelay> {
  const { topic: base, format, progressExpiryMs, queueMaxEvents, queueMaxBytes } = config.mqtt;
  const toMessages = pushedMessages({ base, format, progressExpiryMs });
  const settings = { queueEventsMax: queueMaxEvents, queueBytesMax: queueMaxBytes };
  const { locks, relayCursor } = parts.store;
  const cursor = relayCursor === undefined ? {} : { cursor: relayCursor };
  const owner = `${id}/${randomWord(clock)}`;
  const relay = new OutboxRelay({
    ...parts,
    ...cursor,
    publisher,
    broker,
    toMessages,
    locks,
    clock,
    logger: log,
    owner,
    settings,
  });
  await relay.start();
  return relay;
}
