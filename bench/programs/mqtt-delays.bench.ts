// A stock MQTT client that follows all tasks and notes how long after each change its message came, by the clock of this
// machine. Timestamps are whole milliseconds, cut off: what is shown is up to a millisecond more than it was.
import { connect } from 'mqtt';
import { run } from '../harness/program.ts';

export interface DelaysInput {
  readonly url: string;
  readonly topic: string;
  readonly messages: number;
}

const LONGEST_MS = 120_000;

await run(async ({ url, topic, messages }: DelaysInput) => {
  const client = connect(url, { protocolVersion: 4, clean: true });
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
  });
  const delaysMs: number[] = [];
  let isDone: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    isDone = resolve;
  });
  client.on('message', (_topic, payload) => {
    const at = performance.timeOrigin + performance.now();
    const { type, timestamp } = JSON.parse(payload.toString()) as { type: string; timestamp: string };
    if (type !== 'bench') return;
    delaysMs.push(at - Date.parse(timestamp));
    if (delaysMs.length >= messages) isDone();
  });
  await client.subscribeAsync(topic, { qos: 1 });
  return {
    measure: async () => {
      const tooLong = setTimeout(isDone, LONGEST_MS);
      await done;
      clearTimeout(tooLong);
      return { delaysMs };
    },
    end: async () => {
      client.end(true);
    },
  };
});
