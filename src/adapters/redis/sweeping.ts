// Sweeps: pages of what time has done.
import type { PurgeSweep, TimerSweep } from '../../ports/task-store.ts';
import type { RedisReply } from './link.ts';
import { PAGE } from './pages.ts';
import type { Shard } from './shard.ts';

export async function sweepTimers(shard: Shard, limit: number): Promise<TimerSweep> {
  let promoted = 0;
  let timedOut = 0;
  for (;;) {
    const { values } = await shard.step('sweep-timers', {
      limit: Math.min(PAGE.sweep, limit - Math.max(promoted, timedOut)),
    });
    const page = { promoted: Number(values[0]), timedOut: Number(values[1]), nextMs: leftOf(values[2]) };
    promoted += page.promoted;
    timedOut += page.timedOut;
    const isOver = page.nextMs !== 0 || page.promoted + page.timedOut === 0;
    if (isOver || Math.max(promoted, timedOut) >= limit) return { promoted, timedOut, nextMs: page.nextMs };
  }
}

export async function purge(shard: Shard, limit: number): Promise<PurgeSweep> {
  let purged = 0;
  for (;;) {
    const { topic, tag } = shard.log ?? { topic: '', tag: '' };
    const { values } = await shard.step('purge', { limit: Math.min(PAGE.sweep, limit - purged), topic, tag });
    const ofPage = Number(values[0]);
    const nextMs = leftOf(values[1]);
    purged += ofPage;
    if (nextMs !== 0 || purged >= limit || ofPage === 0) return { purged, nextMs };
  }
}

/** -1 stands for nothing to come. */
function leftOf(reply: RedisReply | undefined): number | null {
  const left = Number(reply);
  return left < 0 ? null : left;
}
