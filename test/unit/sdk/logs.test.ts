import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { XQueueClient } from '../../../src/client.ts';
import { type Handler, TaskManager, withRetry } from '../../../src/index.ts';

const open: TaskManager[] = [];
afterEach(async () => {
  for (const manager of open.splice(0)) await manager.close();
});
async function started(...handlers: Handler[]): Promise<TaskManager> {
  const settings = { embedded: { path: ':memory:' }, mqtt: { listen: '' }, server: { port: 0 } } as const;
  const manager = await TaskManager.start({ ...settings, log: { level: 'error' } });
  open.push(manager);
  return manager.registerHandlers(handlers);
}

describe('ctx.log', () => {
  it('is stored with the task before its end is, over all attempts, and read in a program and over HTTP', async () => {
    const manager = await started({
      type: 'talks',
      handle(_task, { log, attempt }) {
        log.info('begins', { big: [1, { two: 'ü' }] });
        log.debug('detail');
        if (attempt === 1) throw new Error('once more');
        log.warn('about to end');
      },
    });
    const handle = await manager.submitTask('talks', {}, withRetry(1, { type: 'fixed', delay: '1ms', jitter: 0 }));
    await handle.result();
    const lines = await manager.logs(handle.id);
    assert.deepEqual(
      lines.map(({ line, attempt, level, message, fields }) => [line, attempt, level, message, fields]),
      [
        [1, 1, 'info', 'begins', { big: [1, { two: 'ü' }] }],
        [2, 1, 'debug', 'detail', null],
        [3, 2, 'info', 'begins', { big: [1, { two: 'ü' }] }],
        [4, 2, 'debug', 'detail', null],
        [5, 2, 'warn', 'about to end', null],
      ],
    );
    const client = new XQueueClient({ url: manager.url ?? '' });
    assert.deepEqual(await client.logs(handle.id), lines);
    assert.deepEqual(await client.logs(handle.id, { after: 4 }), lines.slice(4));
  });

  it('of an unknown task, and of one that said nothing, are told apart', async () => {
    const manager = await started();
    const client = new XQueueClient({ url: manager.url ?? '' });
    const { id } = await manager.submitTask('nobody');
    assert.deepEqual(await client.logs(id), []);
    const unknown = '01900000-0000-7000-8000-000000000000';
    await assert.rejects(client.logs(unknown), { code: 'task_not_found' });
    await assert.rejects(manager.logs(unknown), { code: 'task_not_found' });
  });

  it('takes whatever it is given', async () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const manager = await started({
      type: 'wild',
      handle(_task, { log }) {
        log.info('circle', circle);
        log.info('x'.repeat(100_000));
        log.info('big', { big: 'x'.repeat(100_000) });
        log.info('\ud800 half a character');
        log.info(42 as unknown as string);
        for (let n = 0; n < 1000; n++) log.debug(`many ${n}`);
      },
    });
    const handle = await manager.submitTask('wild');
    await handle.result();
    const lines = await manager.logs(handle.id);
    assert.equal(lines.at(-1)?.message, 'many 999');
    assert.equal(lines.length, 200);
  });

  it('is heard also when nobody waits for the handler to end well', async () => {
    const manager = await started({
      type: 'falls',
      handle(_task, { log }) {
        log.error('last words');
        throw new Error('no luck');
      },
    });
    const handle = await manager.submitTask('falls', {}, withRetry(0));
    await handle.settled();
    assert.deepEqual(
      (await manager.logs(handle.id)).map(({ message }) => message),
      ['last words'],
    );
  });
});
