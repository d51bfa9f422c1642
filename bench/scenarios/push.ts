// Live messages: what the embedded broker delivers, and what listeners cost the tasks.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Child, nodeProgram } from '../harness/child.ts';
import { alternate } from '../harness/rounds.ts';
import { type Figure, ratio, type Scenario } from '../harness/scenario.ts';
import type { BrokerInput } from '../programs/broker.bench.ts';
import type { SubscriberInput, SubscriberResult } from '../programs/mqtt-subscriber.bench.ts';
import { startXQueue } from '../servers/xqueue.ts';
import { runTasks } from './run-tasks.ts';

const MESSAGES = 100_000;
const PAGE = 500;
const TASKS = 20_000;
const [ALONE, FOLLOWED] = ['nobody listens', 'one listener'] as const;

export const push: Scenario = {
  name: 'push',
  title: 'Live messages from the embedded broker',
  how: [
    `broker: ${MESSAGES} messages in pages of ${PAGE} to one subscriber (mqtt.js in a process of its own), until the last has arrived`,
    `tasks: \`xqueue start\`, ${TASKS} tasks in HTTP batches, no-op handler; the listener follows task/status/+ at QoS 1`,
  ],
  async run({ runs, scratch }) {
    const notes: string[] = [];
    const onFailed = (name: string, error: unknown): void => void notes.push(`${name}: ${String(error)}`);
    const broker = await alternate(
      runs,
      ([0, 1] as const).map((qos) => ({ name: `broker, QoS ${qos}`, run: () => brokerRate(qos) })),
      onFailed,
    );
    const tasks = await alternate(
      runs,
      [ALONE, FOLLOWED].map((name) => ({ name, run: () => followed(scratch, name === FOLLOWED ? 1 : 0) })),
      onFailed,
    );
    const rate = (name: string): number[] => (tasks.get(name) ?? []).map(({ tasksPerSecond }) => tasksPerSecond);
    const followedRuns = tasks.get(FOLLOWED) ?? [];
    const figures: Figure[] = [
      ...[...broker].map(([of, values]): Figure => ({ of, what: 'delivered', unit: 'messages/s', values })),
      ...[ALONE, FOLLOWED].map((of): Figure => ({ of, what: 'tasks', unit: 'tasks/s', values: rate(of) })),
      { of: FOLLOWED, what: 'delivered', unit: 'messages/s', values: followedRuns.map((run) => run.messagesPerSecond) },
      { of: FOLLOWED, what: 'last message after last task', unit: 'ms', values: followedRuns.map((run) => run.lagMs) },
      ratio('one : nobody', 'tasks', [rate(FOLLOWED), rate(ALONE)]),
    ];
    const missing = followedRuns.map(({ messages }) => 3 * TASKS - messages).filter((count) => count !== 0);
    if (missing.length > 0)
      notes.push(
        `of ${3 * TASKS} messages, left out because a newer one of the same task was waiting: ${missing.join(', ')}`,
      );
    return { figures, notes };
  },
};

const program = (name: string): URL => new URL(`../programs/${name}`, import.meta.url);

async function subscriber(input: SubscriberInput): Promise<Child> {
  const child = new Child(nodeProgram(program('mqtt-subscriber.bench.ts'), input));
  await child.ready();
  return child;
}

async function brokerRate(qos: 0 | 1): Promise<number> {
  const input: BrokerInput = { messages: MESSAGES, page: PAGE, qos };
  const broker = new Child(nodeProgram(program('broker.bench.ts'), input));
  try {
    const { port } = await broker.ready<{ port: number }>();
    const url = `mqtt://127.0.0.1:${port}`;
    const client = await subscriber({ url, topic: 'task/status/+', qos, until: { messages: MESSAGES } });
    const [{ result }] = await Promise.all([client.measure<SubscriberResult>(), broker.measure()]);
    await client.end();
    return (result.messages / (result.lastAt - result.firstAt)) * 1000;
  } finally {
    await broker.end();
  }
}

interface Followed {
  readonly tasksPerSecond: number;
  readonly messages: number;
  readonly messagesPerSecond: number;
  readonly lagMs: number;
}

async function followed(scratch: string, listeners: 0 | 1): Promise<Followed> {
  const dir = mkdtempSync(join(scratch, 'push-'));
  const handlers = program('no-op-handlers.mjs').pathname;
  const server = await startXQueue({ path: join(dir, 'xqueue.db'), handlers });
  const url = `mqtt://127.0.0.1:${server.mqttPort}`;
  try {
    await runTasks(server.url, 'warm', 2000);
    const client =
      listeners === 0 ? null : await subscriber({ url, topic: 'task/status/+', qos: 1, until: { final: TASKS } });
    const listening = client?.measure<SubscriberResult>();
    const from = now();
    await runTasks(server.url, 'bench', TASKS);
    const to = now();
    const seen = (await listening)?.result;
    await client?.end();
    return {
      tasksPerSecond: (TASKS / (to - from)) * 1000,
      messages: seen?.messages ?? 0,
      messagesPerSecond: seen === undefined ? 0 : (seen.messages / (seen.lastAt - from)) * 1000,
      lagMs: seen === undefined ? 0 : Math.max(0, seen.lastAt - to),
    };
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
