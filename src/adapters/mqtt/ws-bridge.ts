// `/mqtt` on the HTTP port when the broker is an external one: a browser needs our address only. Subscribe-only here too,
// and within our topics, since the broker may carry much else (`topic-rules.ts` says what may be subscribed to).
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../ports/clock.ts';
import { BridgedClient } from './bridged-client.ts';
import { BROKER_LIMITS, type BrokerLimits, noRefusals, type RefusalCounts } from './broker-limits.ts';
import { type BrokerTls, brokerStream } from './broker-stream.ts';
import { WebSocketDoor } from './web-socket-door.ts';

export interface WsBridgeOptions {
  /** The external broker, as in `mqtt.broker`. */
  readonly url: string;
  /** This node's own credentials there. */
  readonly username: string;
  readonly password: string;
  /** `mqtt.client_id`. */
  readonly clientId: string;
  readonly bases: readonly string[];
  readonly mayRead: (apiKey: string | null) => boolean | Promise<boolean>;
  /** As in `EmbeddedBrokerOptions`. */
  readonly access: 'open' | 'keys';
  readonly clock: Clock;
  readonly tls?: BrokerTls;
  readonly limits?: Partial<BrokerLimits>;
}

export class WsBridge {
  readonly #door: WebSocketDoor;
  readonly #refused = noRefusals();

  constructor(options: WsBridgeOptions) {
    const limits = { ...BROKER_LIMITS, ...options.limits };
    const { url, clientId, clock, bases, mayRead, username, password, tls } = options;
    const refused = this.#refused;
    const rules = {
      bases,
      mayRead,
      username,
      password,
      clock,
      refused,
      clientIdPrefix: `${clientId}-ws-`,
      openBroker: () => brokerStream(url, tls),
      packetBytesMax: limits.packetBytesMax,
      filtersPerPacketMax: limits.subscriptionsPerClientMax,
      clientIdLengthMax: limits.clientIdLengthMax,
      connectMs: limits.connectMs,
      catchUpMs: limits.catchUpMs,
    };
    this.#door = new WebSocketDoor(
      {
        frameBytesMax: limits.packetBytesMax,
        pingMs: limits.webSocketPingMs,
        clientsMax: limits.clientsMax,
        origins: options.access === 'open' ? 'same_site' : 'any',
        clock,
        onRefused: () => refused.connections++,
        onOversized: () => refused.oversizedPackets++,
        onMalformed: () => refused.malformedPackets++,
      },
      (wire) => new BridgedClient(wire, rules),
    );
  }

  /** For the HTTP server's `upgrade` event. False: not a request for `/mqtt`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#door.handleUpgrade(request, socket, head);
  }

  stats(): { readonly clients: number; readonly refused: Readonly<RefusalCounts> } {
    return { clients: this.#door.clients, refused: { ...this.#refused } };
  }

  close(): Promise<void> {
    return this.#door.close();
  }
}
