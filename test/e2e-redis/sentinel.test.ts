// Sentinel says where Redis is, and after a failover where it is now: nodes follow without a restart.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { it } from 'node:test';
import { eventually, getTask, post, submit } from '../e2e/http.ts';
import { freePort } from '../faults/rig.ts';
import { RedisServer } from '../redis-server.ts';
import { bench } from './redis-nodes.ts';

it('a node found Redis through Sentinel and follows a failover', { timeout: 60_000 }, async (t) => {
  const { redis: master, start, folder } = await bench(t, { appendonly: 'yes' });
  const replica = await RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  t.after(() => replica.stop());
  const port = await freePort();
  const config = join(folder, 'sentinel.conf');
  writeFileSync(
    config,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor main 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds main 500',
      'sentinel failover-timeout main 3000',
    ].join('\n'),
  );
  const path = [process.env['PATH'] ?? '', '/usr/sbin'].join(delimiter);
  const sentinel = spawn('redis-server', [config, '--sentinel'], {
    stdio: 'ignore',
    env: { ...process.env, PATH: path },
  });
  t.after(() => sentinel.kill('SIGKILL'));
  await eventually(
    async () => String(await replica.command('INFO', 'replication')),
    (info) => info.includes('master_link_status:up'),
  );
  await listening(port);

  const node = await start(['start', '--redis-sentinel', `main@127.0.0.1:${port}`, '--mqtt-broker', 'off']);
  assert.match(node.err(), /Store +Redis main \(found through Sentinel\)/);
  const { id } = await submit(node.url, { type: 'example', payload: { duration: 0 } });
  await getTask(node.url, id, '?wait=10');
  // What is not replicated yet dies with the master; this test is about finding the new one.
  await master.command('WAIT', '1', '5000');
  await master.kill();

  const after = await eventually(
    async () => {
      const response = await post(`${node.url}/tasks`, '{"type":"example","payload":{"duration":0}}');
      const body = (await response.json()) as { id: string };
      return response.status === 201 ? body.id : null;
    },
    (accepted) => accepted !== null,
    20_000,
  );
  assert.equal((await getTask(node.url, after ?? '', '?wait=10')).status, 'success');
  assert.equal((await getTask(node.url, id)).status, 'success', 'what was there before is there');
  assert.match(String(await replica.command('ROLE')), /^master/);
});

async function listening(port: number): Promise<void> {
  const { connect } = await import('node:net');
  await eventually(
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1');
        socket.once('connect', () => {
          socket.destroy();
          resolve(true);
        });
        socket.once('error', () => resolve(false));
      }),
    (isOpen) => isOpen,
  );
}
