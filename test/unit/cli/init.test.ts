import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { run } from './run.ts';

describe('xqueue init', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'xqueue-init-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');

  it('writes a project into a folder that it makes, and says what comes next', async () => {
    const { code, out, err } = await run(['init', join(folder, 'my-queue')]);
    assert.equal(code, 0);
    const files = ['handlers.ts', 'package.json', 'submit.ts', 'tasks.ts', 'tsconfig.json'];
    assert.deepEqual(readdirSync(join(folder, 'my-queue')).sort(), files);
    assert.deepEqual(out.split('\n').sort(), files.map((file) => join(folder, 'my-queue', file)).sort());
    assert.match(err, /cd .*my-queue\n {2}npm install\n {2}npm start\n/);
  });

  it('keeps what is there of package.json and tsconfig.json', async () => {
    writeFileSync(
      join(folder, 'package.json'),
      '{ "name": "mine", "scripts": { "start": "mine" }, "version": "7.0.0" }',
    );
    writeFileSync(join(folder, 'tsconfig.json'), '{}');
    const { code, out } = await run(['init', folder]);
    assert.equal(code, 0);
    const { name, scripts, version, type } = JSON.parse(text('package.json')) as Record<string, unknown>;
    assert.deepEqual([name, scripts, version, type], ['mine', { start: 'mine' }, '7.0.0', 'module']);
    assert.equal(text('tsconfig.json'), '{}');
    assert.doesNotMatch(out, /tsconfig/);
  });

  it('writes modules that run in a project whose other files are CommonJS, and leaves its own start alone', async () => {
    writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs", "scripts": { "start": "mine" } }');
    const { code, err } = await run(['init', folder]);
    assert.equal(code, 0);
    const files = ['handlers.mts', 'package.json', 'submit.mts', 'tasks.mts', 'tsconfig.json'];
    assert.deepEqual(readdirSync(folder).sort(), files);
    assert.match(text('handlers.mts'), /from '\.\/tasks\.mts'/);
    assert.doesNotMatch(text('handlers.mts') + text('submit.mts'), /\b(tasks|handlers|submit)\.ts\b/);
    assert.equal((JSON.parse(text('package.json')) as { type: string }).type, 'commonjs');
    assert.match(err, /npx xqueue start --handlers handlers\.mts\n/);
  });

  it('writes nothing where package.json cannot be read', async () => {
    writeFileSync(join(folder, 'package.json'), '{ "name": ');
    const { code, err } = await run(['init', folder]);
    assert.equal(code, 6);
    assert.match(err, /package\.json is not valid JSON/);
    assert.deepEqual(readdirSync(folder), ['package.json']);
  });

  it('writes nothing where one of its files is taken', async () => {
    writeFileSync(join(folder, 'tasks.ts'), 'mine');
    const { code, err } = await run(['init', folder]);
    assert.equal(code, 6);
    assert.match(err, /tasks\.ts is there already/);
    assert.equal(text('tasks.ts'), 'mine');
    assert.equal(existsSync(join(folder, 'handlers.ts')), false);
  });
});
