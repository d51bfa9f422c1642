// The real servers, and the browser, the tests run against. They are started by the tests themselves on private ports; this file only
// makes sure that the programs are there, and says exactly what is missing when it may not install them.
import { delimiter } from 'node:path';
import { fetchJars, hasJars, hasJava } from '../kafka/distribution.ts';
import { isOnPath } from './on-path.ts';
import { runGroup } from './process-group.ts';

interface ServerProgram {
  readonly command: string;
  readonly debianPackage: string;
}

const SERVER_PROGRAMS: readonly ServerProgram[] = [
  { command: 'redis-server', debianPackage: 'redis-server' },
  { command: 'mosquitto', debianPackage: 'mosquitto' },
  { command: 'mosquitto_sub', debianPackage: 'mosquitto-clients' },
  { command: 'chromium', debianPackage: 'chromium' },
];

/** Debian keeps servers where an ordinary user's PATH does not look. */
export const SERVER_PATH = [process.env.PATH ?? '', '/usr/sbin', '/sbin'].join(delimiter);

/** What Kafka needs; Maven only until its jars are there. */
const JAVA: ServerProgram = { command: 'java', debianPackage: 'openjdk-17-jre-headless' };
const MAVEN: ServerProgram = { command: 'mvn', debianPackage: 'maven' };

function missingPrograms(): ServerProgram[] {
  const missing = SERVER_PROGRAMS.filter(({ command }) => !isOnPath(command, SERVER_PATH));
  if (!hasJava(SERVER_PATH)) missing.push(JAVA);
  if (!hasJars() && !isOnPath(MAVEN.command, SERVER_PATH)) missing.push(MAVEN);
  return missing;
}

/** Installs what is missing where that is possible. Answers what is missing afterwards, as lines for a person. */
export async function ensureServers(say: (line: string) => void): Promise<string[]> {
  const packages = [...new Set(missingPrograms().map(({ debianPackage }) => debianPackage))];
  if (packages.length > 0 && process.getuid?.() === 0 && isOnPath('apt-get', SERVER_PATH)) {
    say(`installing the Debian packages ${packages.join(', ')}`);
    await aptGet(['update'], say);
    await aptGet(['install', '-y', '--no-install-recommends', ...packages], say);
  }
  const missing = missingPrograms().map(
    ({ command, debianPackage }) => `${command} is missing (sudo apt-get install ${debianPackage})`,
  );
  return [...missing, ...(await missingJars(say))];
}

/** Without Maven it is Maven that is missing. */
async function missingJars(say: (line: string) => void): Promise<string[]> {
  if (hasJars() || !isOnPath(MAVEN.command, SERVER_PATH)) return [];
  try {
    await fetchJars(say);
    return [];
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return ["Kafka's jars are missing (Maven could not fetch them)"];
  }
}

async function aptGet(args: readonly string[], say: (line: string) => void): Promise<void> {
  // RUNLEVEL=1 keeps the packages from starting system-wide servers that nobody asked for.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const run = await runGroup('apt-get', ['-q', ...args], { env, deadlineMs: 300_000 });
  if (run.code !== 0) say(`apt-get ${args[0]} failed:\n${run.output.split('\n').slice(-15).join('\n')}`);
}
