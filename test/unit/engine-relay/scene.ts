// What the tests of this folder share: events, a store that holds tasks, and a broker whose weather the test decides.
import type { Task } from '../../../src/domain/task.ts';
import type { TaskEvent } from '../../../src/ports/outbox.ts';
import type { Publisher, PushMessage } from '../../../src/ports/publisher.ts';
import type { Claimed, StoreSettings } from '../../../src/ports/task-store.ts';
import type { ModelStore } from '../../model/model-store.ts';

export const SETTINGS: StoreSettings = {
  leaseMs: 90_000,
  cancelGraceMs: 30_000,
  semaphoreExpirationMs: 300_000,
  retentionMs: 604_800_000,
  idempotencyMs: 86_400_000,
  stallMs: 0,
};

export function anEvent(over: Partial<TaskEvent> = {}): TaskEvent {
  return {
    kind: 'status',
    taskId: 't1',
    type: 'example',
    status: 'pending',
    version: 1,
    at: 0,
    retry: 0,
    workerId: null,
    error: null,
    errorCode: null,
    progress: null,
    cancelRequested: false,
    ...over,
  };
}

export async function submit(store: ModelStore, ...ids: readonly string[]): Promise<Task[]> {
  const replies = await store.submit(
    ids.map((id) => ({
      spec: {
        id,
        type: 'example',
        payload: '{}',
        priority: 0,
        maxRetry: 0,
        retryStrategy: { type: 'fixed', delayMs: 1000, factor: 1, maxDelayMs: 1000, jitter: 0 },
        queueTimeoutMs: 0,
        processTimeoutMs: 0,
        concurrencyKey: null,
        maxConcurrency: null,
        limits: [],
        tags: [],
        parentId: null,
      },
      due: { afterMs: 0 },
    })),
  );
  return replies.flatMap((reply) => (reply.state === 'conflict' ? [] : [reply.task]));
}

let requests = 0;

export function claim(store: ModelStore, count = 1): Promise<Claimed[]> {
  return store.claim({ requestId: `r${++requests}`, nodeId: 'n1', types: ['example'], count });
}

export async function succeed(store: ModelStore, claimed: readonly Claimed[]): Promise<void> {
  await store.settle(
    claimed.map(({ lease: { id, token } }) => ({
      id,
      token,
      outcome: { kind: 'succeed', result: '1' },
      handler: 'ended',
      by: 'holder',
    })),
  );
}

/** All three versions of each task. */
export async function runThrough(store: ModelStore, ...ids: readonly string[]): Promise<void> {
  await submit(store, ...ids);
  await succeed(store, await claim(store, ids.length));
}

export function toMessages(event: TaskEvent): PushMessage[] {
  return [{ topic: event.taskId, payload: `${event.version}:${event.status}` }];
}

/** Takes messages, or not, as the test says. What it took can be read back in order. */
export class ScriptedBroker implements Publisher {
  weather: 'up' | 'down' | 'slow' | 'off' = 'up';
  audience = true;
  /** Ends the connection whenever this topic is among the messages. */
  chokesOn: string | null = null;
  readonly received: string[] = [];
  calls = 0;
  #slow: (() => void)[] = [];

  hasAudience(): boolean {
    return this.audience;
  }

  async publish(messages: readonly PushMessage[]): Promise<void> {
    this.calls++;
    if (this.weather === 'slow') await new Promise<void>((resolve) => this.#slow.push(resolve));
    if (this.weather === 'down') throw new Error('The broker is away');
    if (messages.some(({ topic }) => topic === this.chokesOn)) throw new Error('Connection closed by the broker');
    for (const { topic, payload } of messages) this.received.push(`${topic}@${payload}`);
  }

  /** A slow broker takes what it was given and goes on with this weather. */
  recover(weather: 'up' | 'down' = 'up'): void {
    this.weather = weather;
    for (const resolve of this.#slow.splice(0)) resolve();
  }

  health(): ReturnType<Publisher['health']> {
    if (this.weather === 'off') return { status: 'off', detail: '' };
    return { status: this.weather === 'down' ? 'down' : 'ok', detail: this.weather };
  }

  async close(): Promise<void> {}
}
