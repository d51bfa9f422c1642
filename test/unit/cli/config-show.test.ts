import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { SETTING_PATHS } from '../../../src/config/settings.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'xqueue-config-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'xqueue.yaml');
writeFileSync(file, 'server:\n  port: 7000\n  host: "::1"\nredis:\n  password: hunter2\n');

type Shown = Record<string, { value: string; source: string }>;
const show = async (...args: string[]) => {
  const { code, out, err } = await run(['config', 'show', '-o', 'json', ...args], { XQUEUE_QUEUE_LEASE: '2m' });
  assert.equal(code, 0, err);
  return JSON.parse(out) as Shown;
};

describe('xqueue config show', () => {
  it('prints every setting with its source', async () => {
    const shown = await show('--config', file, '--server-port', '9000');
    assert.deepEqual(Object.keys(shown), SETTING_PATHS);
    assert.deepEqual(shown['server.port'], { value: '9000', source: 'flag --server-port' });
    assert.deepEqual(shown['queue.lease'], { value: '2m', source: 'environment XQUEUE_QUEUE_LEASE' });
    assert.deepEqual(shown['server.host'], { value: '::1', source: `${file}:3` });
    assert.deepEqual(shown['queue.retention'], { value: '7d', source: 'default' });
  });
  it('masks secrets', async () => {
    const { out } = await run(['config', 'show', '-c', file]);
    assert.match(out, /redis\.password +\*{6} +.*xqueue\.yaml:5/);
    assert.doesNotMatch(out, /hunter2/);
  });
  it('takes short flags, switches without a value and repeated lists', async () => {
    const shown = await show(
      '--port',
      '1',
      '--host',
      '127.0.0.2',
      '--redis-tls',
      '--handlers',
      'a.ts',
      '--handlers',
      'b.ts,c.ts',
    );
    assert.equal(shown['server.port']?.value, '1');
    assert.equal(shown['server.host']?.value, '127.0.0.2');
    assert.equal(shown['redis.tls']?.value, 'true');
    assert.equal(shown['handlers']?.value, 'a.ts,b.ts,c.ts');
  });
  it('reads the file XQUEUE_CONFIG names', async () => {
    const { out } = await run(['config', 'show'], { XQUEUE_CONFIG: file });
    assert.match(out, /server\.port +7000/);
  });
});

describe('a configuration that cannot be used', () => {
  it('ends with code 2 and one message on standard error', async () => {
    const { code, out, err } = await run(['config', 'show', '--server-port', 'x', '--queue-lease', '1s'], {
      XQUEUE_SERVER_PROT: '1',
    });
    assert.equal(code, 2);
    assert.equal(out, '');
    assert.match(err, /^The configuration has 2 problems:/);
    assert.match(err, /XQUEUE_SERVER_PROT .*did you mean XQUEUE_SERVER_PORT/);
  });
  it('stops every role before anything is opened', async () => {
    for (const command of ['start', 'server', 'worker']) {
      const { code, err } = await run([command, '--queue-lease', '1s']);
      assert.equal(code, 2, command);
      assert.match(err, /queue\.lease \(flag --queue-lease\): must be longer than queue\.heartbeat_interval/);
    }
  });
  it('a named file that does not exist is a problem, a missing default file is none', async () => {
    const { code, err } = await run(['config', 'show', '--config', join(folder, 'none.yaml')]);
    assert.equal(code, 2);
    assert.match(err, /none\.yaml: cannot be read/);
    assert.equal((await run(['config', 'show'])).code, 0);
  });
});

describe('wrong usage', () => {
  for (const args of [
    ['strat'],
    ['start', '--prot', '1'],
    ['start', 'extra'],
    ['task'],
    ['task', 'get'],
    ['config', 'show', '-o', 'xml'],
  ]) {
    it(`xqueue ${args.join(' ')} ends with code 2 and prints no data`, async () => {
      const { code, out, err } = await run(args);
      assert.equal(code, 2);
      assert.equal(out, '');
      assert.notEqual(err, '');
    });
  }
  it('help and version are data and fine', async () => {
    const help = await run(['--help']);
    assert.equal(help.code, 0);
    assert.match(help.out, /Exit codes:[^]*7 {2}the task failed/);
    const version = await run(['--version']);
    assert.equal(version.code, 0);
    assert.match(version.out, /^\d+\.\d+\.\d+/);
  });
});
