// Real nodes on a real Redis for tests that look at the product from outside.
import type { TestContext } from 'node:test';
import { emptyFolder, type Launched, launch } from '../e2e/node-process.ts';
import { RedisServer, type RedisServerOptions } from '../redis-server.ts';

export const BIN = new URL('../../src/cli/bin.ts', import.meta.url).pathname;

export interface Bench {
  readonly redis: RedisServer;
  readonly folder: string;
  /** Runs `xqueue <args>` on this Redis. */
  readonly launch: (args: readonly string[]) => Launched;
  /** Starts a node and waits until it runs; answers the base of its HTTP API ('' without one). */
  readonly start: (args: readonly string[]) => Promise<Launched & { readonly url: string }>;
}

/** Whatever is left of it ends with the test. */
export async function bench(t: Pick<TestContext, 'after'>, options: RedisServerOptions = {}): Promise<Bench> {
  const folder = emptyFolder();
  t.after(() => folder.remove());
  const redis = await RedisServer.start(options);
  t.after(() => redis.stop());
  const addr = ['--redis-addr', `127.0.0.1:${redis.port}`];
  const run = (args: readonly string[]): Launched => {
    const isNamed = args.includes('--redis-addr') || args.includes('--redis-sentinel');
    return launch(folder.path, [BIN, ...args, ...(isNamed ? [] : addr)]);
  };
  return {
    redis,
    folder: folder.path,
    launch: run,
    start: async (args) => {
      const hasHttp = args[0] !== 'worker';
      const launched = run([...args, ...(hasHttp ? ['--server-port', '0'] : [])]);
      const said = await launched.said(hasHttp ? /HTTP +(http:\S+)/ : /runs as node/);
      return { ...launched, url: said[1] ?? '' };
    },
  };
}
