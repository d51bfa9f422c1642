// What `ctx.submit` does: submits a task for another one that is running. An attempt that is tried again asks for the same
// children and gets those that are there already.
import { createHash } from 'node:crypto';
import { contractTask } from '../contract/contract-task.ts';
import type { AnyContract } from '../contract/define-task.ts';
import { invalidTask, type SubmitOptions } from '../contract/submit-options.ts';
import { type Expected, TaskHandle } from '../contract/task-handle.ts';
import { XQueueError } from '../domain/errors.ts';
import type { Engine, TaskRequest } from '../engine/engine.ts';
import type { ChildSubmit, HandlerTask } from '../worker/handler.ts';
import { engineSource } from './engine-source.ts';
import { type Rules, requestOf } from './submit-request.ts';

export function childSubmits(engine: Engine, rules: Rules): (parent: HandlerTask) => ChildSubmit {
  const source = engineSource(engine);
  return (parent) => {
    const asked = new Map<string, number>();

    async function submit(
      type: string,
      payload: unknown,
      options: readonly SubmitOptions[],
      expected: Expected,
    ): Promise<TaskHandle> {
      const read = requestOf(type, payload, options, rules);
      if ('faults' in read) throw invalidTask(read.faults);
      const digest = digestOf(read.request);
      const count = (asked.get(digest) ?? 0) + 1;
      asked.set(digest, count);
      const request = {
        ...read.request,
        parentId: parent.id,
        idempotency: read.request.idempotency ?? { key: `child:${parent.id}:${digest}:${count}`, fingerprint: digest },
      };
      const [reply] = await engine.submit([request]);
      if (reply === undefined || reply.state === 'conflict') throw new XQueueError('idempotency_conflict');
      return new TaskHandle(reply.task.id, source, expected);
    }

    return async (what: AnyContract | string, payload?: unknown, ...options: readonly SubmitOptions[]) => {
      if (typeof what === 'string') return submit(what, payload, options, {});
      const task = await contractTask(what, payload);
      return submit(task.type, task.payload, [task.options, ...options], what);
    };
  };
}

/** The same for a task that asks for the same; `run_at` and the like may come from a clock and do not count. */
function digestOf({ type, payload = '{}', concurrencyKey = '', tags = [] }: TaskRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([type, payload, concurrencyKey, tags]))
    .digest('hex')
    .slice(0, 32);
}
