// Runs in a thread or a process of its own: loads the file and runs its handlers, one attempt at a time. What only the
// node can do (progress, locks, submits) is asked of the node.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { contractTask } from '../contract/contract-task.ts';
import type { AnyContract } from '../contract/define-task.ts';
import type { SubmitOptions } from '../contract/submit-options.ts';
import { TaskHandle, type TaskSource } from '../contract/task-handle.ts';
import { type Handler, HandlerAborted, type HandlerContext, type HandlerLog } from './handler.ts';
import {
  type Asked,
  carried,
  type FromChild,
  type RunFacts,
  revivedError,
  type ToChild,
} from './isolation-messages.ts';
import { runHandler } from './run.ts';

const file = parentPort === null ? (process.argv[2] ?? '') : (workerData as { file: string }).file;

function tell(message: FromChild): void {
  if (parentPort !== null) parentPort.postMessage(message);
  else process.send?.(message);
}

const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
let calls = 0;

function ask(asked: Asked): Promise<unknown> {
  const call = ++calls;
  const answer = new Promise<unknown>((resolve, reject) => waiting.set(call, { resolve, reject }));
  // Handlers often do not wait for progress: that must not end the thread as an unhandled rejection.
  answer.catch(() => undefined);
  tell({ kind: 'ask', call, asked });
  return answer;
}

let abort = new AbortController();
const locks = new Map<number, AbortController>();

async function handlerOf(type: string): Promise<Handler> {
  const url = file.startsWith('file:') ? file : pathToFileURL(resolve(file)).href;
  const module = (await import(url)) as { default?: unknown; handlers?: unknown };
  const exported = module.default ?? module.handlers;
  const all = (Array.isArray(exported) ? exported : [exported]) as readonly (Handler | undefined)[];
  const found = all.find((one) => one?.type === type);
  if (found === undefined) throw new Error(`${file} exports no handler of type ${type}`);
  return found;
}

function contextOf(facts: RunFacts): HandlerContext {
  return {
    ...facts,
    signal: abort.signal,
    progress: async (value) => void (await ask({ what: 'progress', value })),
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    lock: async (key, options) => {
      const held = (await ask({ what: 'lock', key, options })) as { readonly lock: number; readonly fence: number };
      const lost = new AbortController();
      locks.set(held.lock, lost);
      const release = async (): Promise<void> => void (await ask({ what: 'release', lock: held.lock }));
      return { key, fence: held.fence, signal: lost.signal, release, [Symbol.asyncDispose]: release };
    },
    submit,
  };
}

function log(level: keyof HandlerLog): HandlerLog['info'] {
  return (message, fields = {}) => tell({ kind: 'log', level, message, fields });
}

const source: TaskSource = {
  get: async (id) => (await ask({ what: 'get', id })) as Awaited<ReturnType<TaskSource['get']>>,
  waitForFinal: async (id, waitMs) =>
    (await ask({ what: 'wait', id, waitMs })) as Awaited<ReturnType<TaskSource['waitForFinal']>>,
  cancel: async (id, options = {}) =>
    (await ask({ what: 'cancel', id, options })) as Awaited<ReturnType<TaskSource['cancel']>>,
  watch() {
    throw new Error('watch: not in an isolated handler; wait for the result');
  },
};

async function submit(
  of: AnyContract | string,
  payload?: unknown,
  ...options: readonly SubmitOptions[]
): Promise<TaskHandle> {
  const isType = typeof of === 'string';
  const task = isType ? { type: of, payload, options: {} } : await contractTask(of, payload);
  const all = [task.options, ...options];
  const id = await ask({ what: 'submit', type: task.type, payload: task.payload, options: all });
  return new TaskHandle(String(id), source, isType ? {} : of);
}

async function run(facts: RunFacts): Promise<void> {
  abort = new AbortController();
  let handler: Handler;
  try {
    handler = await handlerOf(facts.task.type);
  } catch (error) {
    return tell({ kind: 'threw', error: carried(error) });
  }
  runHandler({ handler }, contextOf(facts), [], (end) => {
    if (end.kind === 'threw') tell({ kind: 'threw', error: carried(end.error) });
    else returned(end.value);
  });
}

function returned(value: unknown): void {
  if (value === undefined) return tell({ kind: 'returned', text: null });
  let text: string | undefined;
  try {
    text = JSON.stringify(value) as string | undefined;
  } catch (error) {
    return tell({ kind: 'not_json', reason: carried(error).message });
  }
  tell(text === undefined ? { kind: 'not_json', reason: `it is a ${typeof value}` } : { kind: 'returned', text });
}

function hear(message: ToChild): void {
  switch (message.kind) {
    case 'run':
      return void run(message.facts);
    case 'abort':
      return abort.abort(new HandlerAborted(message.cause, message.cancelReason));
    case 'answer':
      waiting.get(message.call)?.resolve(message.value);
      return void waiting.delete(message.call);
    case 'refusal':
      waiting.get(message.call)?.reject(revivedError(message.error));
      return void waiting.delete(message.call);
    case 'lock_lost':
      return locks.get(message.lock)?.abort(new Error('The lock was lost'));
  }
}

if (parentPort !== null) parentPort.on('message', hear);
else {
  process.on('message', (message) => hear(message as ToChild));
  // A node that is gone has no use for what is done here.
  process.on('disconnect', () => process.exit(1));
  // Ctrl-C reaches the whole group of the terminal; it is the node that decides when this ends.
  process.on('SIGINT', () => undefined);
}
