// The queues that are compared, each ready to be measured once: a fresh server or file, a fresh process, both weighed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { QueueInput, QueueResult } from '../programs/measure-queue.ts';
import type { Postgres } from '../servers/postgres.ts';
import { memoryUsedBytes, startRedis } from '../servers/redis.ts';
import { Child, type Command, nodeProgram } from './child.ts';
import { cpuBetween, type Usage } from './usage.ts';

/** The same for everybody; chosen so that BullMQ is fastest (see docs/benchmarks.md). */
export const QUEUE_DEFAULTS = { chunk: 1000, chunksInFlight: 4, singlesInFlight: 64, concurrency: 100 } as const;

export type Task = Pick<QueueInput, 'measure' | 'tasks'> & {
  readonly key?: 'one key for all';
  readonly contract?: 'with schemas';
};

export interface Outcome extends QueueResult {
  readonly tasks: number;
  /** Of the program and its server together, while it was measured. */
  readonly cpuSeconds: number;
  /** `null` where processes share memory and a sum would count it several times. */
  readonly peakMb: number | null;
  /** What the server's memory grew by; only where it can be asked. */
  readonly serverBytes?: number;
}

export interface QueueSide {
  readonly name: string;
  measure(task: Task): Promise<Outcome>;
}

const program = (path: string): URL => new URL(`../${path}`, import.meta.url);

export function xqueueEmbedded(scratch: string): QueueSide {
  return {
    name: 'XQueue',
    async measure(task) {
      const dir = mkdtempSync(join(scratch, 'xqueue-'));
      try {
        return await measureWith(
          (address) => nodeProgram(program('programs/xqueue.bench.ts'), { ...QUEUE_DEFAULTS, ...task, address }),
          { address: join(dir, 'xqueue.db'), task },
        );
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  };
}

export function xqueueOnRedis(): QueueSide {
  return onRedis('XQueue on Redis', (input) => nodeProgram(program('programs/xqueue.bench.ts'), input));
}

export function bullMq(): QueueSide {
  return onRedis('BullMQ', (input) => nodeProgram(program('peers/bullmq.bench.ts'), input));
}

/** @param binary built from bench/asynq */
export function asynq(binary: string): QueueSide {
  return onRedis('Asynq', (input) => ({ command: binary, args: [JSON.stringify(input)] }));
}

export function graphileWorker(postgres: Postgres): QueueSide {
  return onPostgres('Graphile Worker', postgres, 'peers/graphile-worker.bench.ts');
}

export function pgBoss(postgres: Postgres): QueueSide {
  return onPostgres('pg-boss', postgres, 'peers/pg-boss.bench.ts');
}

function onRedis(name: string, command: (input: QueueInput) => Command): QueueSide {
  return {
    name,
    async measure(task) {
      const redis = await startRedis();
      try {
        return await measureWith((address) => command({ ...QUEUE_DEFAULTS, ...task, address }), {
          address: `redis://127.0.0.1:${redis.port}`,
          task,
          server: { usage: () => redis.usage(), bytes: () => memoryUsedBytes(redis.port) },
        });
      } finally {
        await redis.stop();
      }
    },
  };
}

function onPostgres(name: string, postgres: Postgres, path: string): QueueSide {
  return {
    name,
    measure: (task) =>
      measureWith((address) => nodeProgram(program(path), { ...QUEUE_DEFAULTS, ...task, address }), {
        address: postgres.newDatabase(),
        task,
        server: { usage: () => postgres.usage(), memory: 'shared' },
      }),
  };
}

interface Place {
  readonly address: string;
  readonly task: Task;
  readonly server?: { usage(): Usage; bytes?(): number; readonly memory?: 'shared' };
}

async function measureWith(command: (address: string) => Command, { address, task, server }: Place): Promise<Outcome> {
  const child = new Child(command(address));
  try {
    await child.ready();
    const bytesBefore = server?.bytes?.();
    const before = server?.usage();
    const { result, cpuSeconds, peakMb } = await child.measure<QueueResult>();
    const after = server?.usage();
    const bytesAfter = server?.bytes?.();
    return {
      ...result,
      tasks: task.tasks,
      cpuSeconds: cpuSeconds + (before && after ? cpuBetween(before, after) : 0),
      peakMb: server?.memory === 'shared' ? null : peakMb + (after?.peakMb ?? 0),
      ...(bytesBefore === undefined || bytesAfter === undefined ? {} : { serverBytes: bytesAfter - bytesBefore }),
    };
  } finally {
    await child.end();
  }
}

/** Answers the path of the binary. @throws when Go is missing or the module cannot be built */
export function buildAsynq(scratch: string): string {
  const binary = join(scratch, 'asynq');
  execFileSync('go', ['build', '-o', binary, '.'], { cwd: program('asynq').pathname, stdio: 'pipe' });
  return binary;
}
