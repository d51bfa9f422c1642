// `xqueue task submit <type> [payload]`: submits one task and, with --wait, ends as the task ends.
import type { Command } from 'commander';
import { parseDuration } from '../domain/duration.ts';
import { addExamples } from './examples.ts';
import { EXIT, Exit } from './exit.ts';
import type { Io } from './io.ts';
import { addOutputOption, outputOf, printOne } from './output-option.ts';
import { addServerOption, serverOf } from './server-call.ts';
import { endAs, taskLines, type WireTask } from './task-output.ts';
import { waitForFinal } from './task-wait.ts';

interface Options {
  readonly priority?: string;
  readonly maxRetry?: string;
  readonly delay?: string;
  readonly runAt?: string;
  readonly queueTimeout?: string;
  readonly processTimeout?: string;
  readonly concurrencyKey?: string;
  readonly maxConcurrency?: string;
  readonly tag?: readonly string[];
  readonly idempotencyKey?: string;
  readonly wait?: true;
  readonly quiet?: true;
}

export function addTaskSubmit(parent: Command, io: Io): void {
  const command = parent
    .command('submit')
    .description('Submit a task')
    .argument('<type>', 'type of the task')
    .argument('[payload]', 'JSON; `-` reads standard input', '{}')
    .option('-p, --priority <n>', 'larger runs first')
    .option('--max-retry <n>', 'how often a failed attempt is tried again')
    .option('--delay <duration>', 'not before, from now: 30s, 5m')
    .option('--run-at <time>', 'not before, as a time: 2027-01-01T00:00:00Z')
    .option('--queue-timeout <duration>', 'longest wait; 0: no limit')
    .option('--process-timeout <duration>', 'longest run of one attempt; 0: no limit')
    .option('--concurrency-key <key>', 'business dimension that is limited')
    .option('--max-concurrency <n>', 'at most this many tasks of the key at once')
    .option('--tag <tag...>', 'tags')
    .option('--idempotency-key <key>', 'submitting again with the same key answers the first task')
    .option('-w, --wait', 'wait for the end, drawing its progress; the exit code says how it ended')
    .option('-q, --quiet', 'print only the id');
  addExamples(
    command,
    `xqueue task submit example '{"message":"hello"}' --wait`,
    `echo '{"duration":0}' | xqueue task submit example - --priority 5 --tag nightly -o json`,
    `xqueue task submit example '{"duration":0}' --concurrency-key user_123 --max-concurrency 3 -q`,
  );
  addServerOption(addOutputOption(command)).action(async (type: string, payload: string) => {
    const options = command.opts<Options>();
    const server = serverOf(command, io);
    const headers = { 'idempotency-key': options.idempotencyKey ?? crypto.randomUUID() };
    const body = bodyOf(type, payload === '-' ? await io.input() : payload, options);
    let { text } = await server.call('POST', '/tasks', body, headers);
    const task = JSON.parse(text) as WireTask;
    if (options.wait) {
      await waitForFinal(server, task.id, io);
      ({ text } = await server.call('GET', `/tasks/${task.id}`));
    }
    io.out(options.quiet ? task.id : printOne(outputOf(command), text, () => taskLines(text)));
    if (options.wait) endAs(JSON.parse(text) as WireTask);
  });
}

/** The payload is put in as it was typed: reading and writing it would cost large integers their digits. */
function bodyOf(type: string, payload: string, options: Options): string {
  try {
    JSON.parse(payload);
  } catch (error) {
    throw new Exit(EXIT.usage, `The payload is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const rest = {
    type,
    priority: number('--priority', options.priority),
    max_retry: number('--max-retry', options.maxRetry),
    delay: seconds('--delay', options.delay),
    run_at: options.runAt,
    queue_timeout: seconds('--queue-timeout', options.queueTimeout),
    process_timeout: seconds('--process-timeout', options.processTimeout),
    concurrency_key: options.concurrencyKey,
    max_concurrency: number('--max-concurrency', options.maxConcurrency),
    tags: options.tag,
  };
  return `${JSON.stringify(rest).slice(0, -1)},"payload":${payload}}`;
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^-?\d+$/.test(text)) throw new Exit(EXIT.usage, `${name} expects a whole number, got "${text}".`);
  return Number(text);
}

function seconds(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === null) throw new Exit(EXIT.usage, `${name} expects a duration such as 30s or 5m, got "${text}".`);
  return ms / 1000;
}
