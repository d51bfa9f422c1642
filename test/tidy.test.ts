// Holds the house in order: arrows, sizes, words, generated files, pages. For each rule there is a text that breaks it,
// so that a rule that sees nothing is noticed.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generatedFiles } from '../scripts/generate/generated-files.ts';
import { arrows } from './tidy/arrows.ts';
import * as code from './tidy/code-rules.ts';
import { brokenLinks, differences, unknownScripts } from './tidy/page-rules.ts';
import { type Rule, type SourceFile, sourceFiles, spelled } from './tidy/source-files.ts';
import * as words from './tidy/text-rules.ts';

const files = sourceFiles();
const paths = new Set(files.map(({ path }) => path));
const pages = files.filter(({ path }) => path.endsWith('.md'));

function textOf(path: string): string {
  return files.find((file) => file.path === path)?.text ?? assert.fail(`${path} is missing`);
}
function named(path: string, text: string): SourceFile {
  return { path, text };
}

/** The rule holds for every file, breaks for each of `bad`, and lets each of `good` pass. */
function hold(rule: Rule, proof: { readonly bad: readonly SourceFile[]; readonly good?: readonly SourceFile[] }): void {
  for (const file of proof.bad) assert.notDeepEqual(rule(file), [], `the rule does not see ${file.path}: ${file.text}`);
  for (const file of proof.good ?? []) assert.deepEqual(rule(file), []);
  assert.deepEqual(files.flatMap(rule), []);
}

describe('the house is in order:', () => {
  it('there are files to look at', () => {
    for (const path of ['src/domain/task.ts', 'test/tidy.test.ts', 'package-lock.json', 'README.md', '.ci/run']) {
      assert.ok(paths.has(path), path);
    }
  });

  it('imports follow the arrows', () => {
    hold(arrows, {
      bad: [
        named('src/domain/a.ts', "import type { Clock } from '../ports/clock.ts';"),
        named('src/domain/a.ts', "import { createHash } from 'node:crypto';"),
        named('src/ports/a.ts', "export type { Engine } from '../engine/engine.ts';"),
        named('src/engine/a.ts', "import { Pool } from '../worker/pool.ts';"),
        named('src/engine/a.ts', "import {\n  aedes,\n} from 'aedes';"),
        named('src/adapters/sqlite/a.ts', "import { b } from '../mqtt/b.ts';"),
        named('src/adapters/sqlite/a.ts', "const b = await import('../../engine/b.ts');"),
        named('src/adapters/sqlite/a.ts', "new Worker(new URL('../mqtt/b.ts', import.meta.url));"),
        named('src/protocol/a.ts', "import '../engine/engine.ts';"),
        named('src/server/a.ts', "import { Store } from '../adapters/sqlite/store.ts';"),
        named('src/server/a.ts', "import { compose } from '../compose.ts';"),
        named('src/drawer/a.ts', ''),
        named('src/domain/a.ts', "import { it } from '../../test/b.ts';"),
      ],
      good: [
        named('src/domain/a.ts', "// import x from '../ports/clock.ts'\nimport { b } from './b.ts';"),
        named('src/adapters/sqlite/deep/a.ts', "import { b } from '../b.ts';"),
        named('src/compose.ts', "import { Store } from './adapters/sqlite/store.ts';"),
      ],
    });
  });

  it('no file is longer than 500 lines', (t) => {
    const sizes = files
      .filter(({ path }) => /^src\/.*\.(ts|lua|sql)$/.test(path))
      .map(({ text }) => code.linesOf(text));
    sizes.sort((a, b) => a - b);
    const at = (share: number): number => sizes[Math.floor((sizes.length - 1) * share)] ?? 0;
    t.diagnostic(`src: ${sizes.length} files, lines: median ${at(0.5)}, 90 % at most ${at(0.9)}, longest ${at(1)}`);
    hold(code.notTooLong, {
      bad: [named('src/a.ts', 'x\n'.repeat(501))],
      good: [named('src/a.ts', 'x\n'.repeat(500)), named('package-lock.json', 'x\n'.repeat(501))],
    });
  });

  it('only adapters ask the system for time or chance', () => {
    hold(code.clockOnly, {
      bad: [
        named('src/engine/a.ts', 'const now = Date.now();'),
        named('src/engine/a.ts', 'const now = new Date();'),
        named('src/engine/a.ts', 'setTimeout(f, 1);'),
        named('src/worker/a.ts', 'clock.now() + performance.now();'),
        named('src/worker/a.ts', 'globalThis.setInterval(f, 1)'),
        named('src/cli/a.ts', 'Math.random()'),
        named('src/server/a.ts', 'AbortSignal.timeout(5)'),
        named('src/server/a.ts', "import { setTimeout as sleep } from 'node:timers/promises';"),
      ],
      good: [
        named('src/adapters/clock/a.ts', 'Date.now()'),
        named('src/engine/a.ts', '// Date.now() would lie here\nnew Date(ms); /* setTimeout */ setImmediate(f);'),
      ],
    });
  });

  it('Redis keys are named in one place', () => {
    hold(code.redisKeysInOnePlace, {
      bad: [
        named('src/adapters/redis/a.ts', 'const key = `task:${id}`;'),
        named('src/adapters/redis/a.ts', "await client.get('lease:7');"),
        named('src/adapters/redis/scripts/a.lua', "redis.call('GET', 'task:' .. id)"),
        named('src/adapters/redis/scripts/a.lua', "redis.call('GET', '{xqueue:0}:' .. id)"),
        named('src/engine/a.ts', "const key = '{xqueue:0}:tasks';"),
        named('src/engine/a.ts', 'const key = `{${prefix}}:tasks`;'),
      ],
      good: [
        named('src/adapters/redis/keys.ts', 'const key = `{xqueue:0}:task:${id}`;'),
        named('src/adapters/redis/a.ts', "import { x } from 'node:net'; const text = 'not reachable: down';"),
        named('src/domain/a.ts', 'const key = `type:${type}`;'),
      ],
    });
  });

  it('nothing is kept in a drawer', () => {
    hold(code.noDrawers, {
      bad: [named('src/engine/utils.ts', ''), named('test/helpers/a.ts', ''), named('src/types.ts', '')],
      good: [named('src/domain/task.ts', ''), named('src/cli/task-types.ts', '')],
    });
  });

  it('no check is silenced', () => {
    hold(code.nothingSilenced, {
      bad: [named('src/a.ts', spelled('// @ts-', 'ignore')), named('src/a.ts', spelled('// oxlint-', 'disable'))],
    });
  });

  it('no test runs alone', () => {
    hold(code.noLoneTests, { bad: [named('test/a.test.ts', spelled('it', ".only('x', f)"))] });
  });

  it('no text names a path of one machine', () => {
    hold(words.noMachinePaths, {
      bad: ['work', 'root', 'home/ann', 'Users'].map((folder) => named('README.md', `see /${folder}/main`)),
      good: [
        named('README.md', ['src', 'root', 'x, https://example.org', 'work', ' ./root ', 'workers', ''].join('/')),
      ],
    });
  });

  it('no text speaks of the workplace', () => {
    hold(words.noWorkplaceWords, { bad: [named('docs/a.md', spelled('written by a sub', 'agent'))] });
  });

  it('no text names the host of a package registry', () => {
    const host = ['https:', '', 'registry.example.org', 'x'].join('/');
    hold(words.noRegistryHosts, { bad: [named('docs/a.md', `get it from ${host}`)] });
  });

  it('the lock file holds no download address', () => {
    hold(words.noResolvedInLock, { bad: [named('package-lock.json', '"resolved": "https://example.org/x.tgz"')] });
  });

  for (const { path, textFrom } of generatedFiles) {
    it(`${path} is as \`npm run generate\` would write it`, () => {
      assert.equal(textFrom(textOf(path)), textOf(path));
    });
  }

  it('both READMEs have the same headings and commands', () => {
    assert.notDeepEqual(differences('# A\n## B', '# A\n'), []);
    assert.notDeepEqual(differences('```sh\nnpm ci\n```', '```sh\nnpm i\n```'), []);
    assert.deepEqual(differences('# A\n```sh\nls # list\n```', '# 甲\n```sh\nls # 列出\n```'), []);
    assert.deepEqual(differences(textOf('README.md'), textOf('README.zh-CN.md')), []);
  });

  it('pages name only npm scripts that exist', () => {
    const manifest = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const scripts = new Set(Object.keys(manifest.scripts));
    assert.deepEqual(unknownScripts('`npm run nothing`, npm run -s less and npm test', scripts), ['nothing', 'less']);
    assert.deepEqual(unknownScripts('npm start', new Set()), ['start']);
    for (const { path, text } of pages) assert.deepEqual(unknownScripts(text, scripts), [], path);
  });

  it('links of pages lead somewhere', () => {
    const known = new Set(['README.md', 'docs/decisions/1.md']);
    const page = '[a](gone.md) [b](../README.md#x) [c](https://c) [d](decisions/) [e](#e) `[f](f)`';
    assert.deepEqual(brokenLinks('docs/a.md', page, known), ['gone.md']);
    for (const { path, text } of pages) assert.deepEqual(brokenLinks(path, text, paths), [], path);
  });
});
