// Messages over MQTT on the HTTP port, as every subscriber gets them. Loaded only when it is used: the client is larger
// than the console.
import { apiKey } from '../api/call.ts';
import type { Push } from '../api/cluster.ts';
import { changeOf, type Transport, type TransportEvents } from './change.ts';

const RECONNECT_MS = 1000;
const SECOND_MS = 1000;

export interface Subscription {
  readonly mqtt: Push['mqtt'];
  readonly filters: readonly string[];
  /** Beyond so many it unsubscribes until the next second: nobody reads more, and they cost the server. */
  readonly perSecondMax: number;
}

export async function connectMqtt(
  { mqtt, filters, perSecondMax }: Subscription,
  events: TransportEvents,
): Promise<Transport> {
  const { default: library } = await import('mqtt');
  const { path, topic, progress_topic } = mqtt;
  const key = apiKey();
  const client = library.connect(`${location.origin.replace(/^http/, 'ws')}${path}`, {
    protocolVersion: 4,
    clean: true,
    // Only what is subscribed to now counts.
    resubscribe: false,
    reconnectPeriod: RECONNECT_MS,
    connectTimeout: 5000,
    keepalive: 30,
    // Its other timers live in a worker made from text, which the content security policy rightly forbids.
    timerVariant: 'native',
    ...(key === null ? {} : { username: 'console', password: key }),
  });
  let since = 0;
  let heard = 0;
  const subscribe = (then: () => void): void => {
    if (!client.connected) return;
    client.subscribe([...filters], { qos: 0 }, (error) => {
      [since, heard] = [performance.now(), 0];
      if (error === null || error === undefined) then();
    });
  };
  client.on('connect', () => subscribe(() => events.up()));
  client.on('message', (name: string, payload: Uint8Array) => {
    const now = performance.now();
    if (now - since >= SECOND_MS) [since, heard] = [now, 0];
    if (++heard > perSecondMax) {
      if (heard > perSecondMax + 1) return;
      client.unsubscribe([...filters]);
      events.some();
      setTimeout(() => subscribe(() => undefined), since + SECOND_MS - now);
      return;
    }
    const kind = name.startsWith(`${progress_topic}/`) && !name.startsWith(`${topic}/status/`) ? 'progress' : 'status';
    const change = changeOf(kind, new TextDecoder().decode(payload));
    if (change !== null) events.change(change);
  });
  client.on('close', () => events.down());
  client.on('error', () => events.down());
  return { name: 'mqtt', close: () => void client.end(true) };
}
