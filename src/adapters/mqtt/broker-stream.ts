// A plain byte stream to an external broker, by the scheme of its URL.
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';

export interface BrokerTls {
  readonly ca?: string | Buffer;
  readonly rejectUnauthorized?: boolean;
}

/** Connects in the background; the stream ends with an error when that fails. Throws on a scheme that is not MQTT's. */
export function brokerStream(url: string, tls: BrokerTls = {}): Duplex {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  switch (protocol) {
    case 'tcp:':
    case 'mqtt:':
      return connectTcp({ host, port: Number(port || 1883), noDelay: true });
    case 'mqtts:':
    case 'ssl:':
    case 'tls:':
      return connectTls({ ...tls, host, port: Number(port || 8883), ...(isName(host) ? { servername: host } : {}) });
    case 'ws:':
    case 'wss:':
      // User and password of the address are for MQTT, not for HTTP.
      return createWebSocketStream(
        new WebSocket(url.replace(/\/\/[^/@]*@/, '//'), ['mqtt'], { ...tls, perMessageDeflate: false }),
      );
    default:
      throw new Error(`mqtt.broker: "${protocol}" is not a scheme of an MQTT broker`);
  }
}

/** TLS names the host it wants only if it is a name. */
function isName(host: string): boolean {
  return !/^[\d.]+$/.test(host) && !host.includes(':');
}
