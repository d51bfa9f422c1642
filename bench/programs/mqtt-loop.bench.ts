// The MQTT client library alone: publishes the same messages in a loop, with so many under way at once, and nothing else.
import { connect, type IClientPublishOptions } from 'mqtt';
import { run } from '../harness/program.ts';

export interface LoopInput {
  readonly url: string;
  readonly protocolVersion: 4 | 5;
  readonly messages: number;
  readonly underWay: number;
}

const ID = '01a204a8-f9a4-7754-86f5-0f3611930c4b';
const TOPICS = [`task/status/${ID}`, 'task/status/status/success'];

await run(async ({ url, protocolVersion, messages, underWay }: LoopInput) => {
  const client = connect(url, { protocolVersion, clean: true });
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
  });
  const fields = { type: 'bench', status: 'success', version: 3, timestamp: '2026-01-01T00:00:00.000Z', retry: 0 };
  const traceparent = `00-${ID.replaceAll('-', '')}-0000000000000003-00`;
  const options: IClientPublishOptions = { qos: 1 };
  if (protocolVersion === 5) options.properties = { userProperties: { traceparent } };
  const payload = JSON.stringify({ task_id: ID, ...fields, worker_id: 'host-1234-abcdef' });
  const publish = (count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let [sent, taken] = [0, 0];
      let pumping = false;
      const pump = (): void => {
        if (pumping) return;
        pumping = true;
        while (sent < count && sent - taken < underWay) {
          client.publish(TOPICS[sent++ % 2] ?? '', payload, options, (error) => {
            if (error) return reject(error);
            taken++;
            if (taken === count) resolve();
            else pump();
          });
        }
        pumping = false;
      };
      pump();
    });
  await publish(5_000);
  return {
    measure: async () => {
      const from = performance.now();
      await publish(messages);
      return { perSecond: (messages / (performance.now() - from)) * 1000 };
    },
    end: async () => {
      client.end(true);
    },
  };
});
