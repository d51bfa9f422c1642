// What the build goes by: which names of which packages are used, whether dist/ is still what the sources say, and whose
// licences it owes.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { digestOfSources, isFresh, recordBuild } from '../../../scripts/build/freshness.ts';
import { packageImports } from '../../../scripts/build/imports.ts';
import { licencesOf } from '../../../scripts/build/licences.ts';

function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'xqueue-build-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

describe('the imports of a compiled file', () => {
  it('are those of packages, by the names the packages give', () => {
    const code = `import a, { b as c,\n  d } from "pkg/part";\nimport { x } from './own.js';\nimport { y } from 'node:fs';`;
    const [found, ...more] = packageImports('f.js', code);
    assert.deepEqual(more, []);
    assert.ok(found);
    assert.deepEqual([found.source, found.names], ['pkg/part', ['default', 'b', 'd']]);
    assert.equal(code.slice(found.start, found.end), '"pkg/part"');
  });

  it('stand where they are said to stand, whatever characters come before', () => {
    const code = `// \u{1F680} \u00e9\nimport { a } from 'pkg';`;
    const [found] = packageImports('f.js', code);
    assert.ok(found);
    assert.equal(code.slice(found.start, found.end), "'pkg'");
  });

  it('are not what only looks like one', () => {
    assert.deepEqual(
      packageImports('f.js', `export const help = "import { a } from 'pkg'"; // import x from 'pkg'`),
      [],
    );
  });

  for (const code of [`import * as all from 'pkg';`, `export * from 'pkg';`, `export { a } from 'pkg';`]) {
    it(`must name what they take, unlike: ${code}`, () => {
      assert.throws(() => packageImports('f.js', code), /f\.js: .*pkg/);
    });
  }
});

describe('a build', () => {
  const sources = { 'src/a.ts': 'a', 'src/deep/b.sql': 'b', 'package.json': '{}', 'dist/cli/bin.js': '' };

  it('is fresh while the sources say the same, whatever their times are', (t) => {
    const root = folderWith(t, sources);
    assert.equal(isFresh(root), false);
    recordBuild(root, digestOfSources(root));
    assert.equal(isFresh(root), true);
    utimesSync(join(root, 'src/a.ts'), new Date(), new Date());
    assert.equal(isFresh(root), true);
  });

  const changes: Readonly<Record<string, (root: string) => void>> = {
    'a source that changed': (root) => writeFileSync(join(root, 'src/a.ts'), 'b'),
    'a source that is new': (root) => writeFileSync(join(root, 'src/deep/c.ts'), ''),
    'a source that moved': (root) => renameSync(join(root, 'src/a.ts'), join(root, 'src/c.ts')),
    'a source that is gone': (root) => rmSync(join(root, 'src/deep/b.sql')),
    'another package': (root) => writeFileSync(join(root, 'package.json'), '{"dependencies":{}}'),
    'packages that were installed anew': (root) => rmSync(join(root, 'node_modules'), { recursive: true }),
    'a dist/ that was cleared away': (root) => rmSync(join(root, 'dist'), { recursive: true }),
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`is stale after ${what}`, (t) => {
      const root = folderWith(t, sources);
      recordBuild(root, digestOfSources(root));
      change(root);
      assert.equal(isFresh(root), false);
    });
  }
});

describe('the licences of a bundle', () => {
  const manifest = (name: string, license: string | undefined) => JSON.stringify({ name, version: '1.2.3', license });

  it('are those of each package in it, once, in full', (t) => {
    const root = folderWith(t, {
      'node_modules/a/package.json': manifest('a', 'MIT'),
      'node_modules/a/LICENSE.md': 'Copyright A',
      'node_modules/a/lib/package.json': '{"type":"module"}',
      'node_modules/@b/c/package.json': manifest('@b/c', 'Apache-2.0'),
      'node_modules/@b/c/NOTICE': 'Notice of C',
      'node_modules/@b/c/licence': 'Copyright C',
    });
    const files = ['a/lib/x.js', 'a/index.js', '@b/c/y.js'].map((file) => join(root, 'node_modules', file));
    const text = licencesOf([...files, 'vendor:a', '\0runtime']);
    assert.deepEqual(text.match(/^\S+ 1\.2\.3 .*$/gm), ['@b/c 1.2.3 (Apache-2.0)', 'a 1.2.3 (MIT)']);
    for (const part of ['Copyright A', 'Copyright C', 'Notice of C']) assert.equal(text.split(part).length, 2, part);
  });

  it('must be known', (t) => {
    const root = folderWith(t, { 'node_modules/a/package.json': manifest('a', undefined) });
    assert.throws(() => licencesOf([join(root, 'node_modules/a/index.js')]), /a does not say/);
  });
});
