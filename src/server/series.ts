// The small time series behind the charts: a point every ten seconds, kept for an hour in the node that serves them.
// Counts of what happened per minute are not here; the store keeps those (`throughput.minutes` of the statistics).
import type { Task } from '../domain/task.ts';
import type { Engine } from '../engine/engine.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { secondsOfMs } from '../protocol/durations.ts';
import type { SeriesAnswer } from '../protocol/schemas/series.ts';
import { formatTimestamp } from '../protocol/timestamps.ts';

const STEP_MS = 10_000;
/** A server that has just begun to listen has better things to do. */
const FIRST_MS = 1_000;
const POINTS_MAX = 360;
/** Started tasks that are looked at per point: enough for a percentile, little enough to cost nothing. */
const SAMPLE = 40;
/** A wait counts for the points of one minute, or a quiet queue would have no wait at all. */
const SAMPLE_AGE_MS = 60_000;

type Point = SeriesAnswer['points'][number];

export class Series {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #points: Point[] = [];
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(parts: { readonly engine: Engine; readonly clock: Clock; readonly log: Logger }) {
    this.#engine = parts.engine;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  start(): void {
    this.#timer = this.#clock.after(FIRST_MS, () => void this.#measure());
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  answer(): SeriesAnswer {
    return { step_seconds: secondsOfMs(STEP_MS), points: this.#points };
  }

  async #measure(): Promise<void> {
    try {
      this.#points.push(await this.#point());
      if (this.#points.length > POINTS_MAX) this.#points.shift();
    } catch (error) {
      // A gap in the chart says it.
      this.#log.debug('No point for the time series', { error });
    }
    if (!this.#isClosed) this.#timer = this.#clock.after(STEP_MS, () => void this.#measure());
  }

  async #point(): Promise<Point> {
    const [stats, nodes] = await Promise.all([this.#engine.stats(), this.#engine.nodes()]);
    const now = this.#clock.now();
    const types = Object.values(stats.types);
    const hasStarted = stats.minutes.some(({ at, started }) => started > 0 && at > now - 2 * SAMPLE_AGE_MS);
    const waits = hasStarted ? await this.#waits(now) : [];
    const live = nodes.filter((node) => node.live);
    return {
      at: formatTimestamp(now),
      pending: types.reduce((sum, { pending }) => sum + pending, 0),
      processing: types.reduce((sum, { processing }) => sum + processing, 0),
      oldest_pending_seconds: secondsOfMs(Math.max(0, ...types.map(({ oldestPendingMs }) => oldestPendingMs))),
      wait_p50_seconds: shareOf(waits, 0.5),
      wait_p95_seconds: shareOf(waits, 0.95),
      nodes: live.length,
      slots: live.reduce((sum, { slots }) => sum + slots, 0),
    };
  }

  /** Waits of the tasks that started most recently, in ms, shortest first. */
  async #waits(now: number): Promise<number[]> {
    const pages = await Promise.all(
      (['processing', 'success', 'failed'] as const).map((status) =>
        this.#engine.list({ status, limit: SAMPLE, offset: 0, order: 'desc' }),
      ),
    );
    return pages
      .flatMap(({ tasks }) => tasks)
      .filter(({ startedAt }) => startedAt !== null && startedAt > now - SAMPLE_AGE_MS)
      .map(waitOf)
      .sort((a, b) => a - b);
  }
}

function waitOf({ startedAt, runAt }: Task): number {
  return Math.max(0, (startedAt ?? runAt) - runAt);
}

/** @param sorted ms, shortest first; answers seconds */
function shareOf(sorted: readonly number[], share: number): number | null {
  const at = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return at === undefined ? null : secondsOfMs(at);
}
