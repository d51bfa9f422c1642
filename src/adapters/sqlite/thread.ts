// The store's thread: takes whatever has arrived, runs it in one transaction, and answers when it is on disk. Meanwhile the
// next group runs, and all that were committed by then share the next wait: groups grow with the load, and an idle store
// answers at once.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { StoreUnavailable } from '../../domain/errors.ts';
import { AnswerQueue, type Asked } from './answer-queue.ts';
import { CallQueue } from './call-queue.ts';
import { SqliteCore } from './core.ts';
import { DatabaseRefused, openDatabase, storeFault } from './database.ts';
import { LogSync } from './log-sync.ts';
import type { FromThread, ThreadData, ToThread } from './thread-protocol.ts';

function serve(core: SqliteCore, sync: LogSync, main: MessagePort): void {
  const answers = new AnswerQueue(main, sync);
  const ports = new Set<MessagePort>([main]);
  const calls = new CallQueue();
  attach(main);

  function attach(port: MessagePort): void {
    port.on('message', (message: ToThread) => {
      take(port, message);
      runNext();
    });
    port.on('close', () => ports.delete(port));
  }

  function take(port: MessagePort, message: ToThread): void {
    switch (message.kind) {
      case 'calls':
        for (const { number, call } of message.calls) calls.add({ port, number, call });
        return;
      case 'connect':
        ports.add(message.port);
        attach(message.port);
        return;
      case 'close':
        while (!calls.isEmpty) runGroup(calls.takeGroup());
        answers.whenEmpty(() => {
          core.close();
          post(main, { kind: 'closed' });
          for (const each of ports) each.close();
        });
        return;
    }
  }

  /** What is left over waits until the loop has looked at the disk and the ports. */
  function runNext(): void {
    for (const port of ports) drain(port);
    if (calls.isEmpty) return;
    runGroup(calls.takeGroup());
    if (!calls.isEmpty) setImmediate(runNext);
  }

  function drain(port: MessagePort): void {
    while (!calls.hasFullGroup) {
      const next: { message: ToThread } | undefined = receiveMessageOnPort(port);
      if (!next) return;
      take(port, next.message);
    }
  }

  function runGroup(group: readonly Asked[]): void {
    const { fault } = sync;
    if (fault !== null) {
      const refused = group.map(() => ({ ok: false, error: fault }) as const);
      return answers.add(group, refused, []);
    }
    const done = core.run(group.map(({ call }) => call));
    answers.add(group, done.answers, done.signals);
  }
}

function post(port: MessagePort, message: FromThread): void {
  port.postMessage(message);
}

if (parentPort) start(parentPort);

function start(main: MessagePort): void {
  const { path, settings } = workerData as ThreadData;
  try {
    const core = new SqliteCore(openDatabase(path), { now: Date.now }, settings, 'caller_syncs');
    post(main, { kind: 'ready' });
    serve(core, new LogSync(path), main);
  } catch (error) {
    const refused = storeFault(error);
    if (!(refused instanceof DatabaseRefused || refused instanceof StoreUnavailable)) throw error;
    post(main, { kind: 'refused', message: refused.message });
    main.close();
  }
}
