// Where handlers come from: the registry of the node and the user's files.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { XQueueError } from '../../../src/domain/errors.ts';
import type { Handler } from '../../../src/worker/handler.ts';
import { loadHandlers } from '../../../src/worker/load-handlers.ts';
import { HandlerRegistry } from '../../../src/worker/registry.ts';

const handle = (): null => null;

describe('the registry', () => {
  it('knows handlers by type and tells who listens when there are more', () => {
    const registry = new HandlerRegistry([{ type: 'b', handle }]);
    let changes = 0;
    const stop = registry.onChange(() => changes++);
    registry.register({ type: 'a', handle });
    assert.deepEqual(registry.types, ['a', 'b']);
    assert.equal(registry.get('a')?.type, 'a');
    assert.equal(registry.has('c'), false);
    stop();
    registry.register({ type: 'c', handle });
    assert.equal(changes, 1);
  });

  it('refuses a second handler for a type and what is no handler', () => {
    const registry = new HandlerRegistry([{ type: 'a', handle }]);
    const bad: readonly (readonly [unknown, RegExp])[] = [
      [{ type: 'a', handle }, /"a" is registered already/],
      [{ type: '', handle }, /does not match/],
      [{ type: 'no spaces', handle }, /does not match/],
      [{ type: 'x'.repeat(129), handle }, /does not match/],
      [{ type: 'b' }, /no `handle` function/],
      [{ handle }, /no `type` text/],
      [null, /not an object/],
      [handle, /not an object/],
    ];
    for (const [candidate, message] of bad) {
      assert.throws(
        () => registry.register(candidate as Handler),
        (error) => error instanceof XQueueError && error.code === 'invalid_request' && message.test(error.message),
      );
    }
    assert.deepEqual(registry.types, ['a']);
  });
});

describe('a handlers file', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xqueue-handlers-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function file(name: string, text: string): Promise<string> {
    await writeFile(join(folder, name), text);
    return name;
  }
  const load = (...files: string[]): Promise<Handler[]> => loadHandlers(files, folder);

  it('exports one or many, as its default or as `handlers`, in TypeScript or JavaScript', async () => {
    const files = [
      await file('one.ts', `const type: string = 'one'; export default { type, async handle() {} };`),
      await file('many.mjs', `export default [{ type: 'two', handle() {} }, { type: 'three', handle() {} }];`),
      await file('named.mjs', `export const handlers = { type: 'four', handle() {} };`),
    ];
    assert.deepEqual(
      (await load(...files)).map(({ type }) => type),
      ['one', 'two', 'three', 'four'],
    );
  });

  it('may hold an object of a class, whose handle then has its this', async () => {
    const path = await file(
      'class.mjs',
      `class Greeter { type = 'greet'; word = 'hi'; handle() { return this.word; } } export default new Greeter();`,
    );
    const [greeter] = await load(path);
    assert.equal(await greeter?.handle({} as never, {} as never), 'hi');
  });

  it('that Node takes for CommonJS is refused with a way out', async () => {
    await file('package.json', '{ "type": "commonjs" }');
    const path = await file('modern.ts', `import 'node:fs'; export default { type: 'x', handle() {} };`);
    await assert.rejects(
      load(path),
      /says "type": "commonjs": name the file modern\.mts, or say "type": "module" there/,
    );
    const renamed = await file('modern.mts', `import 'node:fs'; export default { type: 'x', handle() {} };`);
    assert.equal((await load(renamed)).length, 1);
  });

  it('that is wrong is refused with every problem of every file at once', async () => {
    const files = [
      'missing.ts',
      'notes.txt',
      await file('syntax.mjs', 'export default {{'),
      await file('throws.mjs', `throw new Error('no database');`),
      await file('empty.mjs', 'export const other = 1;'),
      await file('none.mjs', 'export default [];'),
      await file('shape.mjs', `export default [{ type: 'x y', handle() {} }, { type: 'noHandle' }, 5];`),
      await file('twice.mjs', `export default [{ type: 'same', handle() {} }, { type: 'same', handle() {} }];`),
      await file('again.mjs', `export default { type: 'same', handle() {} };`),
    ];
    await assert.rejects(load(...files), (error) => {
      assert.ok(error instanceof XQueueError);
      assert.equal(error.code, 'invalid_request');
      const told = error.faults.map(({ path, message }) => `${path}: ${message}`);
      const expected = [
        /^missing\.ts: there is no such file/,
        /^notes\.txt: must be a \.ts, \.mts, \.js, \.mjs file/,
        /^syntax\.mjs: cannot be loaded: /,
        /^throws\.mjs: cannot be loaded: no database/,
        /^empty\.mjs: exports neither a default nor `handlers`/,
        /^none\.mjs: exports no handler/,
        /^shape\.mjs: handler "x y" has a type that does not match/,
        /^shape\.mjs: handler "noHandle" has no `handle` function/,
        /^shape\.mjs: handler number 3 is not an object/,
        /^twice\.mjs: handler "same" is there twice/,
        /^again\.mjs: handler "same" is already in twice\.mjs/,
      ];
      assert.equal(told.length, expected.length, told.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(told[index] ?? '', pattern);
      for (const line of told) assert.ok(error.message.includes(line), `${line} is not in the message`);
      return true;
    });
  });
});
