import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { emptyFolder, runProgram } from './node-process.ts';

const folder = emptyFolder();
after(() => folder.remove());
const entry = new URL('../../src/index.ts', import.meta.url).href;

function program(name: string, text: string): string {
  writeFileSync(join(folder.path, name), `import * as xqueue from ${JSON.stringify(entry)};\n${text}`);
  return name;
}

describe('a program of a user', () => {
  it('works from an empty folder with await using, prints nothing of ours, and ends by itself', async () => {
    const file = program(
      'first.ts',
      `{
        await using manager = await xqueue.TaskManager.start();
        manager.registerHandler({ type: 'user_task', handle: async (task) => ({ hello: task.payload.user }) });
        const handle = await manager.submitTask('user_task', { user: 123 }, xqueue.withConcurrency('user_123', 3));
        console.log(JSON.stringify(await handle.result()));
      }`,
    );
    const { code, out, err } = await runProgram(folder.path, file);
    assert.equal(code, 0, err);
    assert.equal(out, '{"hello":123}\n');
    assert.doesNotMatch(err, /warning|INFO/i);
    assert.ok(existsSync(join(folder.path, 'data', 'xqueue.db')));
  });

  it('stays alive while it waits for a result, although nothing but XQueue is going on', async () => {
    const file = program(
      'waits.ts',
      `const manager = await xqueue.TaskManager.start({ embedded: { path: ':memory:' }, mqtt: { broker: 'off' } });
      manager.registerHandler({ type: 'late', handle: () => 'done' });
      const handle = await manager.submitTask('late', {}, xqueue.withDelay('300ms'));
      console.log(await handle.result());
      await manager.close();`,
    );
    const { code, out, err } = await runProgram(folder.path, file);
    assert.equal(code, 0, err);
    assert.equal(out, 'done\n');
    assert.equal(err, '');
  });
});
