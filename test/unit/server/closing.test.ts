import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { systemClock } from '../../../src/adapters/clock/system-clock.ts';
import { SILENT } from '../../../src/ports/logger.ts';
import { createServer } from '../../../src/server/create-server.ts';
import { createPermissions } from '../../../src/server/permissions.ts';
import { startScene } from './scene.ts';

describe('a server that drains', () => {
  it('is not ready, keeps no connection, and goes on working', async () => {
    await using scene = await startScene();
    assert.equal((await scene.call('GET', '/readyz')).status, 200);
    scene.server.startDraining();
    const { status, headers, text } = await scene.call('GET', '/readyz');
    assert.deepEqual([status, (JSON.parse(text) as { code: string }).code], [503, 'draining']);
    assert.ok(headers.get('retry-after'));
    assert.equal((await scene.call('GET', '/livez')).status, 200);
    const submitted = await scene.call('POST', '/api/v1/tasks', { type: 'a' });
    assert.deepEqual([submitted.status, submitted.headers.get('connection')], [201, 'close']);
  });
});

describe('a server that closes', () => {
  it('answers what is running first, and then nobody', async () => {
    const begun = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const scene = await startScene({
      wrap: (engine) => ({
        ...engine,
        stats: async () => {
          begun.resolve();
          await go.promise;
          return engine.stats();
        },
      }),
    });
    const running = scene.call('GET', '/api/v1/stats');
    await begun.promise;
    const closed = scene.server.close();
    go.resolve();
    assert.equal((await running).status, 200);
    await closed;
    assert.equal(scene.server.address, null);
    await assert.rejects(fetch(scene.url));
    await scene[Symbol.asyncDispose]();
  });

  it('ends long polls with the task as it is', async () => {
    const begun = Promise.withResolvers<void>();
    const scene = await startScene({
      wrap: (engine) => ({
        ...engine,
        waitForFinal: (...args) => {
          begun.resolve();
          return engine.waitForFinal(...args);
        },
      }),
    });
    const id = await scene.submit();
    const waiting = scene.call('GET', `/api/v1/tasks/${id}?wait=60`);
    await begun.promise;
    await scene[Symbol.asyncDispose]();
    assert.equal((JSON.parse((await waiting).text) as { status: string }).status, 'pending');
  });

  it('does not wait for a connection that never asked for anything', async () => {
    const scene = await startScene({ clock: new ManualClock() });
    const spare = connect({ port: scene.port, host: '127.0.0.1' });
    await once(scene.server.raw, 'connection');
    await scene.server.close();
    spare.destroy();
    await scene[Symbol.asyncDispose]();
  });

  it('does not wait for ever for what does not end', async () => {
    const begun = Promise.withResolvers<void>();
    const scene = await startScene({
      wrap: (engine) => ({
        ...engine,
        stats: () => {
          begun.resolve();
          return new Promise(() => undefined);
        },
      }),
    });
    const running = scene.call('GET', '/api/v1/stats');
    running.catch(() => undefined);
    await begun.promise;
    await scene.server.close(50);
    await assert.rejects(running);
    await scene[Symbol.asyncDispose]();
  });
});

it('a port that is taken is refused with the system’s own reason', async () => {
  await using scene = await startScene();
  const second = await createServer({
    engine: scene.engine,
    clock: systemClock,
    log: SILENT,
    version: '1',
    server: { host: '127.0.0.1', port: scene.port, insecure: false },
    permissions: createPermissions([]),
    components: { mqtt: () => ({ status: 'off', detail: '' }), kafka: () => ({ status: 'off', detail: '' }) },
  });
  await assert.rejects(second.listen(), { code: 'EADDRINUSE' });
  await second.close();
});
