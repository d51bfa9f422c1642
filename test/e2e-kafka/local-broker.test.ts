// `npm run kafka`: one command from nothing to a broker that serves; its data stay until they are not wanted.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { emptyFolder, type Launched, launch } from '../e2e/node-process.ts';
import { freePort } from '../faults/rig.ts';

const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'kafka.ts');

it('starts a broker, runs its tools, keeps its data, and forgets them when told', { timeout: 240_000 }, async (t) => {
  const folder = emptyFolder();
  t.after(() => folder.remove());
  const port = String(await freePort());
  const kafka = (...args: string[]) => launch(folder.path, [SCRIPT, '--port', port, ...args]);
  const serve = async (...args: string[]): Promise<Launched> => {
    const broker = kafka('--data', './kafka', ...args);
    await broker.said(/serves on 127\.0\.0\.1:\d+/);
    return broker;
  };
  const stop = async (broker: Launched): Promise<void> => {
    broker.signal('SIGTERM');
    const { code, err } = await broker.ended;
    assert.equal(code, 0, err);
  };
  const topics = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await kafka('topics', ...args).ended;
    assert.equal(code, 0, err);
    return out;
  };
  const first = await serve();
  await topics('--create', '--topic', 'kept');
  const second = await kafka('--data', './other').ended;
  assert.equal(second.code, 1);
  assert.match(second.err, /Port \d+ is taken/);
  await stop(first);
  const again = await serve();
  assert.equal((await topics('--list')).trim(), 'kept');
  await stop(again);
  const empty = await serve('--empty');
  assert.equal((await topics('--list')).trim(), '');
  await stop(empty);
});

it('says what is wrong with a port', async (t) => {
  const folder = emptyFolder();
  t.after(() => folder.remove());
  for (const port of ['0', '70000', 'many']) {
    const { code, err } = await launch(folder.path, [SCRIPT, '--port', port]).ended;
    assert.equal(code, 1);
    assert.match(err, /--port must be from 1 to 65535/);
  }
});

it('says what is missing where there is neither Java nor Docker', async (t) => {
  const folder = emptyFolder();
  t.after(() => folder.remove());
  const { code, err } = await launch(folder.path, [SCRIPT, '--port', String(await freePort())], { PATH: folder.path })
    .ended;
  assert.equal(code, 1);
  assert.match(err, /needs Java 17 or newer and Maven .*, or Docker/);
});
