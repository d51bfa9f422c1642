// Live messages through a broker of its own: what the relay publishes, and what a bad broker costs the tasks.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Child, nodeProgram } from '../harness/child.ts';
import { alternate } from '../harness/rounds.ts';
import { type Figure, ratio, type Scenario } from '../harness/scenario.ts';
import { cpuBetween } from '../harness/usage.ts';
import type { LoopInput } from '../programs/mqtt-loop.bench.ts';
import type { RelayInput } from '../programs/relay.bench.ts';
import { startMosquitto } from '../servers/mosquitto.ts';
import { startXQueue } from '../servers/xqueue.ts';
import { runTasks } from './run-tasks.ts';

const MESSAGES = 60_000;
const UNDER_WAY = 1_000;
const TASKS = 20_000;
const VERSIONS = [
  ['MQTT 3.1.1', 4],
  ['MQTT 5', 5],
] as const;
const WEATHERS = ['there', 'absent', 'mute'] as const;
type Weather = (typeof WEATHERS)[number];

interface Rate {
  readonly perSecond: number;
  /** Processor time for one message; says the same on a busy machine. */
  readonly cpuMicros: number;
}

interface Run {
  readonly tasksPerSecond: number;
  /** Processor time for one task. */
  readonly cpuMicros: number;
  /** Resident, at the end of the run. */
  readonly residentMb: number;
}

export const pushBroker: Scenario = {
  name: 'push-broker',
  title: 'Live messages to Mosquitto, QoS 1',
  how: [
    `relay: events of ${MESSAGES / 6} tasks wait in the outbox of a data file; until Mosquitto has acknowledged all ${MESSAGES} messages`,
    `loop: the MQTT library alone publishes messages of the same form in a loop, ${UNDER_WAY} under way, nothing else in its process`,
    `tasks: \`xqueue start\`, ${TASKS} tasks in HTTP batches, no-op handler; a broker that is there, one that is absent, one that accepts and never answers`,
  ],
  async run({ runs, scratch }) {
    const notes: string[] = [];
    const onFailed = (name: string, error: unknown): void => void notes.push(`${name}: ${String(error)}`);
    const rates = await alternate(
      runs,
      VERSIONS.flatMap(([version, protocolVersion]) => [
        { name: `relay, ${version}`, run: () => relayRate(protocolVersion) },
        { name: `loop, ${version}`, run: () => loopRate(protocolVersion) },
      ]),
      onFailed,
    );
    const tasks = await alternate(
      runs,
      WEATHERS.map((weather) => ({ name: `broker ${weather}`, run: () => tasksIn(weather, scratch) })),
      onFailed,
    );
    const of = (weather: Weather): readonly Run[] => tasks.get(`broker ${weather}`) ?? [];
    const tasksPerSecond = (weather: Weather): number[] => of(weather).map((run) => run.tasksPerSecond);
    const residentMb = (weather: Weather): number[] => of(weather).map((run) => run.residentMb);
    const moreMb = (weather: Weather): number[] =>
      residentMb(weather).map((mb, round) => mb - (residentMb('there')[round] ?? Number.NaN));
    const bad = ['absent', 'mute'] as const;
    const published = (name: string): number[] => (rates.get(name) ?? []).map(({ perSecond }) => perSecond);
    const figures: Figure[] = [
      ...[...rates].flatMap(([name, values]): Figure[] => [
        { of: name, what: 'published', unit: 'messages/s', values: published(name) },
        { of: name, what: 'one message', unit: 'us CPU', values: values.map(({ cpuMicros }) => cpuMicros) },
      ]),
      ...VERSIONS.map(([version]) =>
        ratio(
          `relay : loop, ${version}`,
          'published',
          [published(`relay, ${version}`), published(`loop, ${version}`)],
          {
            atLeast: 0.6,
          },
        ),
      ),
      ...WEATHERS.flatMap((weather): Figure[] => [
        { of: `broker ${weather}`, what: 'tasks', unit: 'tasks/s', values: tasksPerSecond(weather) },
        { of: `broker ${weather}`, what: 'one task', unit: 'us CPU', values: of(weather).map((run) => run.cpuMicros) },
        { of: `broker ${weather}`, what: 'resident at the end', unit: 'MB', values: residentMb(weather) },
      ]),
      ...bad.map((weather) =>
        ratio(`${weather} : there`, 'tasks', [tasksPerSecond(weather), tasksPerSecond('there')], { atLeast: 0.95 }),
      ),
      ...bad.map((weather): Figure => {
        const target = { atMost: 20 };
        return { of: `${weather} - there`, what: 'resident', unit: 'MB', values: moreMb(weather), target };
      }),
    ];
    return { figures, notes };
  },
};

const program = (name: string): URL => new URL(`../programs/${name}`, import.meta.url);

async function relayRate(protocolVersion: 4 | 5): Promise<Rate> {
  return rateOf('relay.bench.ts', (url): RelayInput => ({ url, protocolVersion, tasks: MESSAGES / 6 }));
}

async function loopRate(protocolVersion: 4 | 5): Promise<Rate> {
  return rateOf('mqtt-loop.bench.ts', (url): LoopInput => {
    return { url, protocolVersion, messages: MESSAGES, underWay: UNDER_WAY };
  });
}

async function rateOf(name: string, inputFor: (url: string) => object): Promise<Rate> {
  const mosquitto = await startMosquitto();
  const child = new Child(nodeProgram(program(name), inputFor(mosquitto.url)));
  try {
    await child.ready();
    const { result, cpuSeconds } = await child.measure<{ perSecond: number }>();
    return { perSecond: result.perSecond, cpuMicros: (cpuSeconds / MESSAGES) * 1e6 };
  } finally {
    await child.end();
    await mosquitto.stop();
  }
}

async function tasksIn(weather: Weather, scratch: string): Promise<Run> {
  const dir = mkdtempSync(join(scratch, 'push-broker-'));
  const broker = await brokerOf(weather);
  const handlers = program('no-op-handlers.mjs').pathname;
  const path = join(dir, 'xqueue.db');
  const server = await startXQueue({ path, handlers, flags: [`--mqtt-broker=${broker.url}`] });
  try {
    await runTasks(server.url, 'warm', 4_000);
    const before = server.usage();
    const from = performance.now();
    await runTasks(server.url, 'bench', TASKS);
    const tasksPerSecond = (TASKS / (performance.now() - from)) * 1000;
    const after = server.usage();
    const cpuMicros = (cpuBetween(before, after) / TASKS) * 1e6;
    return { tasksPerSecond, cpuMicros, residentMb: after.residentMb };
  } finally {
    await server.stop();
    await broker.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Broker {
  readonly url: string;
  stop(): Promise<void>;
}

async function brokerOf(weather: Weather): Promise<Broker> {
  switch (weather) {
    case 'there':
      return startMosquitto();
    case 'absent':
      return { url: 'mqtt://127.0.0.1:9', stop: async () => {} };
    case 'mute':
      return startMute();
  }
}

async function startMute(): Promise<Broker> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `mqtt://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
