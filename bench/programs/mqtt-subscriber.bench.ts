// A stock MQTT client that follows all tasks and says when it has seen so many of them end.
import { connect } from 'mqtt';
import { run } from '../harness/program.ts';

export interface SubscriberInput {
  readonly url: string;
  readonly topic: string;
  readonly qos: 0 | 1;
  /** Ready to be measured at once; done when this many messages with a final status, or any at all, have come. */
  readonly until: { readonly final: number } | { readonly messages: number };
}

export interface SubscriberResult {
  readonly messages: number;
  /** Unix ms. */
  readonly firstAt: number;
  readonly lastAt: number;
}

const LONGEST_MS = 120_000;

await run(async ({ url, topic, qos, until }: SubscriberInput) => {
  const client = connect(url, { protocolVersion: 4, clean: true });
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
  });
  let [messages, final, firstAt, lastAt] = [0, 0, 0, 0];
  let isDone: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    isDone = resolve;
  });
  client.on('message', (_topic, payload) => {
    // What is left of a warm-up may still be on its way.
    if (!payload.includes('"type":"bench"')) return;
    lastAt = performance.timeOrigin + performance.now();
    if (messages === 0) firstAt = lastAt;
    messages += 1;
    if (payload.includes('"status":"success"')) final += 1;
    if ('final' in until ? final >= until.final : messages >= until.messages) isDone();
  });
  await client.subscribeAsync(topic, { qos });
  return {
    measure: async (): Promise<SubscriberResult> => {
      const tooLong = setTimeout(isDone, LONGEST_MS);
      await done;
      clearTimeout(tooLong);
      return { messages, firstAt, lastAt };
    },
    end: async () => {
      client.end(true);
    },
  };
});
