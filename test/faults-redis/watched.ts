// A replica of a Redis and a Sentinel that watches both: a real failover.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from '../e2e/http.ts';
import { freePort } from '../faults/rig.ts';
import { commandAt, REDIS_PROGRAM, RedisServer } from '../redis-server.ts';

/** A busy machine may need a while for all the steps of a failover. */
const PROMOTED_WITHIN_MS = 40_000;

export class Watched {
  /** Of the Sentinel. */
  readonly port: number;
  readonly #replica: RedisServer;

  private constructor(port: number, replica: RedisServer) {
    this.port = port;
    this.#replica = replica;
  }

  /** Resolves when the replica follows its master and the Sentinel knows of it. */
  static async start(t: Pick<TestContext, 'after'>, master: RedisServer, folder: string): Promise<Watched> {
    const replica = await RedisServer.start({
      appendonly: 'yes',
      args: ['--replicaof', '127.0.0.1', String(master.port)],
    });
    t.after(() => replica.stop());
    await eventually(
      async () => String(await replica.command('INFO', 'replication')),
      (info) => info.includes('master_link_status:up'),
    );
    const port = await freePort();
    const config = join(folder, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor main 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds main 1000',
      'sentinel failover-timeout main 5000',
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    const sentinel = spawn(REDIS_PROGRAM, [config, '--sentinel'], {
      stdio: 'ignore',
      env: { ...process.env, PATH: [process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(delimiter) },
    });
    t.after(() => sentinel.kill('SIGKILL'));
    await eventually(
      () => commandAt(port, 'SENTINEL', 'replicas', 'main').then(JSON.stringify, () => ''),
      (replicas) => replicas.includes(String(replica.port)) && !/s_down|disconnected/.test(replicas),
    );
    return new Watched(port, replica);
  }

  async promoted(): Promise<RedisServer> {
    await eventually(
      async () => String(await this.#replica.command('ROLE')),
      (role) => role.startsWith('master'),
      PROMOTED_WITHIN_MS,
    );
    return this.#replica;
  }
}
