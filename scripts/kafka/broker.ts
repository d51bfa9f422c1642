// One real broker as a child process: a formatted folder, its properties file, and the wait until it serves.
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { type BrokerSettings, brokerProperties, propertiesFile, SCRAM_MECHANISMS } from './broker-settings.ts';
import { type Pace, runTool, spawnBroker } from './java.ts';

/** Any will do: nobody else talks to this cluster. */
const CLUSTER_ID = 'xqueue-local-kafka-001';
const START_MS_MAX = 90_000;
const ASK_EVERY_MS = 50;
const ASK_MS_MAX = 2000;

/** Formats the folder unless it is, and starts a broker on it. Resolves when it serves. @throws Error with what it said */
export async function startBroker(settings: BrokerSettings, pace: Pace): Promise<ChildProcess> {
  const file = join(settings.dataFolder, '..', `${settings.port}.properties`);
  mkdirSync(settings.dataFolder, { recursive: true });
  writeFileSync(file, propertiesFile(brokerProperties(settings)));
  if (!existsSync(join(settings.dataFolder, 'meta.properties'))) await format(file, settings);
  const broker = spawnBroker(file, pace);
  await untilItServes(broker, settings.internalPort);
  return broker;
}

async function format(file: string, { login }: BrokerSettings): Promise<void> {
  const users = SCRAM_MECHANISMS.flatMap((mechanism) =>
    login === undefined ? [] : ['--add-scram', `${mechanism}=[name=${login.username},password=${login.password}]`],
  );
  await runTool('storage', ['format', '--cluster-id', CLUSTER_ID, '--config', file, ...users]);
}

async function untilItServes(broker: ChildProcess, port: number): Promise<void> {
  let said = '';
  broker.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-8000);
  });
  let end: string | null = null;
  broker.once('error', (error) => {
    end = error.message;
  });
  broker.once('exit', (code, signal) => {
    end = `it ended with ${code ?? signal}`;
  });
  const until = performance.now() + START_MS_MAX;
  while (!(await answers(port))) {
    if (end === null && performance.now() > until) {
      broker.kill('SIGKILL');
      end = `it does not serve after ${START_MS_MAX / 1000} s`;
    }
    if (end !== null) throw new Error(`Kafka did not start: ${end}\n${said}`);
    await sleep(ASK_EVERY_MS);
  }
}

/** Not before its own controller has let it in: an open port alone promises nothing. */
async function answers(port: number): Promise<boolean> {
  const admin = new Admin({
    clientId: 'is-it-there',
    bootstrapBrokers: [`127.0.0.1:${port}`],
    retries: 0,
    connectTimeout: ASK_MS_MAX,
    timeout: ASK_MS_MAX,
  });
  try {
    const { brokers } = await admin.metadata({ topics: [] });
    return brokers.size > 0;
  } catch {
    return false;
  } finally {
    await admin.close();
  }
}
