// What a browser would have to load for `xqueue/client`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build } from 'rolldown';
import { importsOf } from '../../tidy/arrows.ts';
import { withoutComments } from '../../tidy/source-files.ts';

const SRC = join(import.meta.dirname, '..', '..', '..', 'src');
const GZIP_BYTES_MAX = 15_000;

/** All files that are loaded with the client, as JavaScript; types are gone by then. */
function loaded(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const load = (path: string): void => {
    if (files.has(path)) return;
    const code = withoutComments(stripTypeScriptTypes(readFileSync(path, 'utf8')));
    files.set(path, code);
    for (const specifier of importsOf(code))
      load(specifier.startsWith('.') ? join(dirname(path), specifier) : specifier);
  };
  load(join(SRC, 'client.ts'));
  return files;
}

describe('xqueue/client', () => {
  it('loads nothing of Node, no package, and nothing of the server', () => {
    const paths = [...loaded().keys()].map((path) => relative(SRC, path));
    assert.ok(paths.includes(join('client', 'http-calls.ts')), 'the walk sees what is imported');
    const foreign = paths.filter((path) => !/^(client|contract|domain|protocol|adapters\/clock)[/.]/.test(path));
    assert.deepEqual(foreign, []);
    for (const [path, code] of loaded()) {
      assert.doesNotMatch(code, /\bprocess\.|\bBuffer\b|\bsetImmediate\b|\brequire\(|\.unref\(/, path);
    }
  });

  it(`is below ${GZIP_BYTES_MAX} bytes of gzip in a browser, all in one file`, async (t) => {
    const { output } = await build({
      input: join(SRC, 'client.ts'),
      platform: 'browser',
      output: { minify: true },
      write: false,
      logLevel: 'silent',
    });
    const [bundle, ...more] = output;
    assert.deepEqual([more, bundle.imports, bundle.dynamicImports], [[], [], []]);
    const bytes = gzipSync(bundle.code).length;
    t.diagnostic(`${bundle.moduleIds.length} files, ${bytes} bytes of gzip`);
    assert.ok(bytes < GZIP_BYTES_MAX, `${bytes} bytes`);
  });
});
