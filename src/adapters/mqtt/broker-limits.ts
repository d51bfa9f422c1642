// Every bound of the embedded broker in one place, and what it counts.
import type { SessionLimits } from './session-store.ts';

export interface BrokerLimits {
  /** Connected clients, TCP and WebSocket together. */
  readonly clientsMax: number;
  /** Largest packet taken from a client. Clients only subscribe; this is room for hundreds of filters. */
  readonly packetBytesMax: number;
  readonly subscriptionsPerClientMax: number;
  readonly clientIdLengthMax: number;
  /** From the connection to a complete CONNECT. */
  readonly connectMs: number;
  /** More than this not yet taken by a client holds up the push until it catches up ... */
  readonly unsentBytesMax: number;
  /** ... or is cut off. */
  readonly catchUpMs: number;
  /** A WebSocket that shows no life is ended after one to two of these. (MQTT's own keepalive is watched as well.) */
  readonly webSocketPingMs: number;
  readonly sessions: SessionLimits;
}

export const BROKER_LIMITS: BrokerLimits = {
  clientsMax: 4_000,
  packetBytesMax: 64 * 1024,
  subscriptionsPerClientMax: 256,
  clientIdLengthMax: 256,
  connectMs: 10_000,
  unsentBytesMax: 1024 * 1024,
  catchUpMs: 5_000,
  webSocketPingMs: 30_000,
  sessions: {
    sessionsMax: 1_000,
    messagesMax: 1_000,
    bytesMax: 4 * 1024 * 1024,
    subscriptionsMax: 256,
    expiryMs: 3_600_000,
  },
};

/** What clients did that they may not, since the start. */
export interface RefusalCounts {
  /** Messages clients tried to publish, last wills included. */
  publishes: number;
  subscriptions: number;
  /** Wrong or missing API key. */
  credentials: number;
  /** Too many clients, an identifier that is too long, a page of a foreign origin. */
  connections: number;
  oversizedPackets: number;
  malformedPackets: number;
  /** Clients that were cut off because they did not read. */
  slowClients: number;
}

export function noRefusals(): RefusalCounts {
  return {
    publishes: 0,
    subscriptions: 0,
    credentials: 0,
    connections: 0,
    oversizedPackets: 0,
    malformedPackets: 0,
    slowClients: 0,
  };
}
