// Apache Kafka as Apache publishes it: its jars out of Maven Central, fetched once by Maven with its own settings (mirror,
// proxy, credentials) and kept under the user's cache folder. Nothing is installed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isOnPath } from '../test/on-path.ts';
import { runGroup } from '../test/process-group.ts';

/** The newest release of which Maven Central has everything, the command line tools included. */
export const KAFKA_VERSION = '4.3.1';
export const JAVA_VERSION_MIN = 17;
const MAVEN_GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies';
const DOWNLOAD_MS_MAX = 300_000;
/** As Kafka's own lib folder would hold them; the last one makes it say what goes wrong. */
const ARTIFACTS = [
  { group: 'org.apache.kafka', artifact: 'kafka_2.13', version: KAFKA_VERSION },
  { group: 'org.apache.kafka', artifact: 'kafka-tools', version: KAFKA_VERSION },
  { group: 'org.slf4j', artifact: 'slf4j-simple', version: '1.7.36' },
];

/** Of everything that is fetched or kept for trying Kafka out; `XDG_CACHE_HOME` moves it. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'xqueue');
}

/** Whether or not they are there. */
export function jarsFolder(): string {
  return join(cacheFolder(), `kafka-${KAFKA_VERSION}`);
}

export function hasJars(): boolean {
  return existsSync(jarsFolder());
}

/** Whether there is a Java that can run it. */
export function hasJava(path: string): boolean {
  if (!isOnPath('java', path)) return false;
  try {
    const env = { ...process.env, PATH: path };
    const said = execFileSync('java', ['--version'], { env, encoding: 'utf8', stdio: 'pipe' });
    return Number(/^\S+ (\d+)/.exec(said)?.[1] ?? 0) >= JAVA_VERSION_MIN;
  } catch {
    return false; // Java 8 does not know the question.
  }
}

/** Fetches the jars unless they are there. @throws Error with what Maven said */
export async function fetchJars(say: (line: string) => void): Promise<void> {
  if (hasJars()) return;
  mkdirSync(cacheFolder(), { recursive: true });
  say(`fetching Apache Kafka ${KAFKA_VERSION} from Maven Central into ${jarsFolder()}`);
  const scratch = mkdtempSync(join(cacheFolder(), 'fetch-'));
  try {
    writeFileSync(join(scratch, 'pom.xml'), projectFile());
    const jars = join(scratch, 'jars');
    await runMaven(['-q', '-B', '-f', join(scratch, 'pom.xml'), MAVEN_GOAL, `-DoutputDirectory=${jars}`]);
    // In one step, so that nobody ever finds half of it; another run may have been quicker.
    if (!hasJars()) renameSync(jars, jarsFolder());
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Once more after a failure: what it has got by then it need not fetch again. */
async function runMaven(args: readonly string[]): Promise<void> {
  const first = await runGroup('mvn', args, { deadlineMs: DOWNLOAD_MS_MAX });
  if (first.code === 0) return;
  const second = await runGroup('mvn', args, { deadlineMs: DOWNLOAD_MS_MAX });
  if (second.code !== 0) throw new Error(`Maven could not fetch Apache Kafka:\n${lastLines(second.output)}`);
}

function projectFile(): string {
  const dependencies = ARTIFACTS.map(
    ({ group, artifact, version }) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>xqueue</groupId><artifactId>kafka</artifactId><version>1</version>
<dependencies>${dependencies.join('\n')}</dependencies></project>
`;
}

const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-15).join('\n');
