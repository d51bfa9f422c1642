// The client's side of the HTTP scenario, in a process of its own so that it does not share an event loop with the server.
import autocannon from 'autocannon';
import { run } from '../harness/program.ts';

export interface LoadInput {
  readonly url: string;
  readonly body: string;
  readonly connections: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx, and calls without an answer. */
  readonly failed: number;
}

await run(async ({ url, body, connections, warmUpSeconds, seconds }: LoadInput) => {
  const load = async (duration: number): Promise<LoadResult> => {
    const headers = { 'content-type': 'application/json' };
    const result = await autocannon({ url, connections, duration, method: 'POST', headers, body });
    return {
      callsPerSecond: result['2xx'] / result.duration,
      p50Ms: result.latency.p50,
      p99Ms: result.latency.p99,
      failed: result.non2xx + result.errors + result.timeouts,
    };
  };
  await load(warmUpSeconds);
  return { measure: () => load(seconds), end: async () => undefined };
});
