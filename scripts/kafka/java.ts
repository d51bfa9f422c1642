// Runs one of Kafka's programs out of the fetched jars.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jarsFolder } from './distribution.ts';

/** Apache's scripts start these classes. */
export const TOOLS = {
  configs: 'kafka.admin.ConfigCommand',
  'console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  storage: 'kafka.tools.StorageTool',
  topics: 'org.apache.kafka.tools.TopicCommand',
} as const;
export type Tool = keyof typeof TOOLS;

export function isTool(word: string): word is Tool {
  return Object.hasOwn(TOOLS, word);
}

/** One thread for the garbage and no counters on disk: a small program that starts quickly. */
const SMALL = ['-XX:+UseSerialGC', '-XX:-UsePerfData', '-Djava.awt.headless=true'];
const LOG = ['-Dorg.slf4j.simpleLogger.showShortLogName=true', '-Dorg.slf4j.simpleLogger.showThreadName=false'];
const FIRST_COMPILER_ONLY = '-XX:TieredStopAtLevel=1';
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export function toolCommand(tool: Tool, args: readonly string[]): readonly string[] {
  return java(TOOLS[tool], args, ['-Xmx256m', FIRST_COMPILER_ONLY, '-Dorg.slf4j.simpleLogger.defaultLogLevel=error']);
}

/** Runs to its end. @throws Error with its output when it fails */
export async function runTool(tool: Tool, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('java', toolCommand(tool, args), { maxBuffer: OUTPUT_BYTES_MAX });
  return stdout;
}

/** `starts quickly`: two thirds of the work until it serves, and slower afterwards. */
export type Pace = 'starts quickly' | 'runs fast';

/** The broker in the foreground; what it has to complain about goes to its standard error. */
export function spawnBroker(propertiesFile: string, pace: Pace): ChildProcess {
  const options = ['-Xms128m', '-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
  if (pace === 'starts quickly') options.push(FIRST_COMPILER_ONLY);
  return spawn('java', java('kafka.Kafka', [propertiesFile], options), { stdio: ['ignore', 'ignore', 'pipe'] });
}

function java(program: string, args: readonly string[], options: readonly string[]): string[] {
  return [...SMALL, ...LOG, ...options, '-cp', join(jarsFolder(), '*'), program, ...args];
}
