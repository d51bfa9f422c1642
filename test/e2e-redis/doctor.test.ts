import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { emptyFolder, runCommand } from '../e2e/node-process.ts';
import { freePort } from '../faults/rig.ts';
import { bench } from './redis-nodes.ts';

interface Report {
  readonly ok: boolean;
  readonly findings: readonly { readonly check: string; readonly status: string; readonly detail: string }[];
}

async function doctor(folder: string, args: readonly string[]): Promise<{ code: number | null; report: Report }> {
  // The default ports may be taken on the machine that runs this.
  const ports = args.includes('--server-port') ? [] : ['--server-port', '0'];
  const { code, out } = await runCommand(folder, ['doctor', '-o', 'json', '--mqtt-listen', '', ...ports, ...args]);
  return { code, report: JSON.parse(out) as Report };
}

const statusOf = ({ findings }: Report, check: string) => findings.find((finding) => finding.check === check)?.status;
const detailOf = ({ findings }: Report, check: string) =>
  findings.find((finding) => finding.check === check)?.detail ?? '';

describe('xqueue doctor', () => {
  it('finds nothing wrong with an empty folder, and leaves it empty', async (t) => {
    const folder = emptyFolder();
    t.after(() => folder.remove());
    const { code, report } = await doctor(folder.path, []);
    assert.equal(code, 0);
    assert.equal(report.ok, true);
    assert.deepEqual(
      report.findings.filter(({ status }) => status !== 'ok'),
      [],
    );
    const { out } = await runCommand(folder.path, ['doctor']);
    assert.match(out, /^CHECK +STATUS +DETAIL\n/);
    assert.match(detailOf(report, 'store'), /is made with the first start/);
  });

  it('looks at a Redis as a start does', async (t) => {
    const { redis, folder } = await bench(t, { appendonly: 'yes' });
    const { code, report } = await doctor(folder, ['--redis-addr', `127.0.0.1:${redis.port}`]);
    assert.equal(code, 0);
    for (const check of ['store', 'store version', 'store eviction', 'store persistence', 'store clock']) {
      assert.equal(statusOf(report, check), 'ok', check);
    }
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await redis.command('CONFIG', 'SET', 'appendonly', 'no');
    const worse = await doctor(folder, ['--redis-addr', `127.0.0.1:${redis.port}`]);
    assert.equal(worse.code, 4);
    assert.equal(statusOf(worse.report, 'store eviction'), 'error');
    assert.equal(statusOf(worse.report, 'store persistence'), 'warning');
  });

  it('ends with 4 for a Redis or a port that cannot be had', async (t) => {
    const folder = emptyFolder();
    t.after(() => folder.remove());
    const away = await doctor(folder.path, ['--redis-addr', '127.0.0.1:9']);
    assert.equal(away.code, 4);
    assert.match(detailOf(away.report, 'store'), /redis\.addr: Redis cannot be reached/);
    const port = await freePort();
    const taken = createServer().listen(port, '127.0.0.1');
    t.after(() => taken.close());
    const { code, report } = await doctor(folder.path, ['--server-port', String(port)]);
    assert.equal(code, 4);
    assert.match(detailOf(report, 'http port'), /server\.port: cannot listen/);
  });

  it('ends with 2 for settings and handlers that are wrong, and names each', async (t) => {
    const folder = emptyFolder();
    t.after(() => folder.remove());
    writeFileSync(join(folder.path, 'bad.mjs'), 'export default [{ type: "x" }];');
    const handlers = await doctor(folder.path, ['--handlers', 'bad.mjs,gone.mjs']);
    assert.equal(handlers.code, 2);
    assert.equal(handlers.report.findings.filter(({ check }) => check === 'handlers').length, 2);
    const { code, report } = await doctor(folder.path, ['--queue-lease', '1s', '--server-host', '0.0.0.0']);
    assert.equal(code, 2);
    assert.deepEqual(
      report.findings.map(({ check, status }) => `${check} ${status}`),
      ['config error', 'config error'],
    );
  });

  it('only warns of a broker that is away, and of a node that runs already', async (t) => {
    const { start, redis, folder } = await bench(t);
    const node = await start(['server', '--mqtt-broker', 'off']);
    const port = new URL(node.url).port;
    const { code, report } = await doctor(folder, [
      '--redis-addr',
      `127.0.0.1:${redis.port}`,
      '--server-port',
      port,
      '--mqtt-broker',
      'tcp://127.0.0.1:9',
    ]);
    assert.equal(code, 0);
    assert.equal(statusOf(report, 'broker'), 'warning');
    assert.equal(statusOf(report, 'http port'), 'warning');
  });
});
