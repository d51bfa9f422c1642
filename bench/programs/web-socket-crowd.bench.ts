// Many stock MQTT clients over WebSocket, each following one task of its own, in one process.
import { connectAsync, type MqttClient } from 'mqtt';
import { run } from '../harness/program.ts';

export interface CrowdInput {
  readonly url: string;
  /** One subscriber for each. */
  readonly ids: readonly string[];
}

export interface CrowdResult {
  readonly ended: number;
  readonly delaysMs: readonly number[];
  readonly lastAt: number;
}

const CONNECTING_MAX = 25;
const LONGEST_MS = 60_000;

await run(async ({ url, ids }: CrowdInput) => {
  const clients: MqttClient[] = [];
  const delaysMs: number[] = [];
  let [ended, lastAt] = [0, 0];
  let isDone: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    isDone = resolve;
  });
  const hear = (payload: Buffer): void => {
    lastAt = performance.timeOrigin + performance.now();
    const { status, timestamp } = JSON.parse(payload.toString()) as { status: string; timestamp: string };
    delaysMs.push(lastAt - Date.parse(timestamp));
    if (status === 'success' && ++ended === ids.length) isDone();
  };
  const waiting = [...ids];
  const from = performance.now();
  const connectSome = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
      clients.push(client);
      client.on('message', (_topic, payload) => hear(payload));
      await client.subscribeAsync(`task/status/${id}`, { qos: 1 });
    }
  };
  await Promise.all(Array.from({ length: CONNECTING_MAX }, connectSome));
  return {
    ready: { connectMs: performance.now() - from },
    measure: async (): Promise<CrowdResult> => {
      const tooLong = setTimeout(isDone, LONGEST_MS);
      await done;
      clearTimeout(tooLong);
      return { ended, delaysMs, lastAt };
    },
    end: async () => {
      for (const client of clients) client.end(true);
    },
  };
});
