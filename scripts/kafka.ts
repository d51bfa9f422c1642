// `npm run kafka`: a real Kafka broker on this machine, for trying XQueue with Kafka out. Apache's jars run with the
// installed Java; where there is Docker and no Java, Apache's image does. Ctrl-C ends it; its data stay.
//
//   npm run kafka                            on 127.0.0.1:9092
//   npm run kafka -- --port 19092 --empty    another port; forgets what earlier runs left
//   npm run kafka -- --data ./kafka          data in this folder instead of the user's cache folder
//   npm run kafka -- topics --list           one of Kafka's own tools: configs, console-consumer, console-producer,
//                                            consumer-groups, topics; it is told where the broker is
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startBroker } from './kafka/broker.ts';
import type { BrokerSettings } from './kafka/broker-settings.ts';
import { cacheFolder, fetchJars, hasJars, hasJava, JAVA_VERSION_MIN, KAFKA_VERSION } from './kafka/distribution.ts';
import { dockerArguments } from './kafka/docker.ts';
import { isTool, toolCommand } from './kafka/java.ts';
import { isOnPath } from './test/on-path.ts';

const HOST = '127.0.0.1';
const path = process.env['PATH'] ?? '';
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const giveUp = (line: string): never => {
  say(line);
  process.exit(1);
};

const words = process.argv.slice(2);
// What stands behind the name of a tool belongs to the tool.
const toolAt = words.findIndex(isTool);
const { values: flags } = parseArgs({
  args: toolAt < 0 ? words : words.slice(0, toolAt),
  options: {
    port: { type: 'string', default: '9092' },
    data: { type: 'string', default: join(cacheFolder(), 'kafka-data') },
    empty: { type: 'boolean', default: false },
  },
});
const port = Number(flags.port);
if (!Number.isInteger(port) || port < 1 || port > 65_535) giveUp(`--port must be from 1 to 65535, not ${flags.port}`);
const tool = words[toolAt];
if (tool !== undefined && isTool(tool)) await runToolHere(tool, words.slice(toolAt + 1));
else await serve();

async function serve(): Promise<void> {
  if (!(await isFree(port))) giveUp(`Port ${port} is taken. Another one: npm run kafka -- --port 19092`);
  const dataFolder = resolve(flags.data, 'log');
  if (flags.empty) rmSync(dataFolder, { recursive: true, force: true });
  mkdirSync(dataFolder, { recursive: true });
  const settings: BrokerSettings = {
    host: HOST,
    port,
    internalPort: await freePort(),
    controllerPort: await freePort(),
    dataFolder,
  };
  const isJava = hasJava(path);
  if (!isJava && !isOnPath('docker', path)) giveUp(whatIsMissing());
  const broker = isJava ? await startHere(settings) : startInDocker(settings);
  const ended = once(broker, 'exit');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => broker.kill('SIGTERM'));
  const lines = [`Kafka ${KAFKA_VERSION} serves on ${HOST}:${port}, data in ${dataFolder}`];
  lines.push(`  xqueue start --redis-addr localhost:6379 --kafka-brokers ${HOST}:${port}`, '  Ctrl-C ends it.');
  say(lines.join('\n'));
  const [code] = (await ended) as [number | null];
  // 130 and 143: it ended because it was asked to.
  process.exitCode = code === null || [0, 130, 143].includes(code) ? 0 : 1;
}

async function startHere(settings: BrokerSettings): Promise<ChildProcess> {
  await jarsOrGiveUp();
  const broker = await startBroker(settings, 'runs fast').catch((error: Error) => giveUp(error.message));
  broker.stderr?.pipe(process.stderr);
  return broker;
}

function startInDocker(settings: BrokerSettings): ChildProcess {
  return spawn('docker', dockerArguments(settings), { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function runToolHere(name: Parameters<typeof toolCommand>[0], args: readonly string[]): Promise<void> {
  if (!hasJava(path)) giveUp(whatIsMissing());
  await jarsOrGiveUp();
  const broker = ['--bootstrap-server', `${HOST}:${port}`];
  const child = spawn('java', toolCommand(name, [...broker, ...args]), { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}

async function jarsOrGiveUp(): Promise<void> {
  if (!hasJars() && !isOnPath('mvn', path)) giveUp(whatIsMissing());
  await fetchJars(say).catch((error: Error) => giveUp(error.message));
}

function whatIsMissing(): string {
  const java = `Java ${JAVA_VERSION_MIN} or newer and Maven (Debian: sudo apt-get install openjdk-17-jre-headless maven)`;
  return `Kafka needs ${java}, or Docker.`;
}

async function isFree(wanted: number): Promise<boolean> {
  return (await listen(wanted)) !== null;
}

async function freePort(): Promise<number> {
  return (await listen(0)) ?? giveUp('No port is free.');
}

/** The port it could listen on; `null` when it is taken. */
async function listen(wanted: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen(wanted, HOST);
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : null;
  } catch {
    return null;
  } finally {
    await new Promise((closed) => server.close(closed));
  }
}
