// What a start on Redis says and does: a Redis that cannot be used is one clear message with the setting's name.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { getTask, submit } from '../e2e/http.ts';
import { bench } from './redis-nodes.ts';

const QUIET = ['--mqtt-broker', 'off', '--log-level', 'warn'];

describe('xqueue start with redis.addr', () => {
  it('runs tasks, says where they live, and keeps no file', async (t) => {
    const { start, redis } = await bench(t, { appendonly: 'yes' });
    const node = await start(['start', ...QUIET]);
    const { id } = await submit(node.url, { type: 'example', payload: { duration: 0 } });
    assert.equal((await getTask(node.url, id, '?wait=10')).status, 'success');
    assert.match(node.err(), new RegExp(`Store +Redis 127\\.0\\.0\\.1:${redis.port}\\n`));
    assert.doesNotMatch(node.err(), /WARN/);
    node.signal('SIGTERM');
    assert.equal((await node.ended).code, 0);
    const again = await start(['start', ...QUIET]);
    assert.equal((await getTask(again.url, id)).status, 'success', 'another node knows the task');
  });

  it('keeps installations with different prefixes and databases apart', async (t) => {
    const { start } = await bench(t);
    const [one, two, three] = [
      await start(['start', ...QUIET]),
      await start(['start', '--redis-key-prefix', 'other', ...QUIET]),
      await start(['start', '--redis-db', '3', ...QUIET]),
    ];
    const { id } = await submit(one.url, { type: 'example', payload: { duration: 0 } });
    await getTask(one.url, id, '?wait=10');
    for (const { url } of [two, three]) assert.equal((await fetch(`${url}/tasks/${id}`)).status, 404);
    const nodes = (await (await fetch(`${two.url}/nodes`)).json()) as { count: number };
    assert.equal(nodes.count, 1);
  });

  it('warns when a restart of Redis would lose every task', async (t) => {
    const { start } = await bench(t, { appendonly: 'no' });
    const node = await start(['start', ...QUIET]);
    assert.match(node.err(), /WARN.*Nothing is saved to disk/);
  });
});

const refused: readonly [what: string, args: readonly string[], said: RegExp, server?: readonly string[]][] = [
  [
    'cannot be reached',
    ['--redis-addr', '127.0.0.1:9'],
    /^redis\.addr: Redis cannot be reached at 127\.0\.0\.1 port 9/,
  ],
  ['may evict keys', [], /^redis\.addr: .*allkeys-lru.*set it to noeviction/, ['maxmemory-policy', 'allkeys-lru']],
  ['asks for a password', [], /^redis\.password: Redis asks for a password/, ['requirepass', 'secret']],
  ['refuses the password', ['--redis-password', 'wrong'], /^redis\.password: Redis refuses/, ['requirepass', 'secret']],
  ['has no such database', ['--redis-db', '99'], /^redis\.db: .*(no database|out of range)/],
  ['is a cluster', ['--redis-cluster'], /^redis\.cluster: .*cannot be used yet/],
  ['cannot be found by Sentinel', ['--redis-sentinel', 'main@127.0.0.1:9'], /^redis\.sentinel: .*no Sentinel names/],
];

describe('a Redis that', () => {
  for (const [what, args, said, server = []] of refused) {
    it(`${what} ends the start with 4 and one message`, async (t) => {
      const { launch, redis } = await bench(t);
      if (server.length > 0) await redis.command('CONFIG', 'SET', ...server);
      const { code, err } = await launch(['start', ...QUIET, ...args]).ended;
      assert.equal(code, 4, err);
      assert.match(err, said);
      assert.doesNotMatch(err, /\n {4}at /, 'no stack');
      assert.doesNotMatch(err, /secret|wrong/);
    });
  }

  it('takes the password of a user of its ACL', async (t) => {
    const { start, redis } = await bench(t);
    await redis.command(
      'ACL',
      'SETUSER',
      'queue',
      'on',
      '>hunter2',
      '~{tenant:*',
      '&{tenant:*',
      '+@all',
      '-@dangerous',
      '+info',
      '+config|get',
    );
    const user = ['--redis-username', 'queue', '--redis-password', 'hunter2', '--redis-key-prefix', 'tenant'];
    const node = await start(['start', ...user, ...QUIET]);
    const { id } = await submit(node.url, { type: 'example', payload: { duration: 0 } });
    assert.equal((await getTask(node.url, id, '?wait=10')).status, 'success');
  });
});
