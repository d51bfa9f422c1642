// What a node does not use it does not load: its start would take longer, and a package that is not needed could break it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { it } from 'node:test';

const SRC = join(import.meta.dirname, '..', '..', '..', 'src');
const STATIC_IMPORT = /^(?:import|export)\b(?! type\b)(?:[^'";]*?\bfrom)?\s*'([^']+)'/gm;

/** Everything that is loaded with this file: relative paths, and packages by name. */
function loadedWith(entry: string): Set<string> {
  const loaded = new Set<string>();
  const visit = (file: string): void => {
    const name = relative(SRC, file);
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(STATIC_IMPORT)) {
      if (target.startsWith('.')) visit(join(file, '..', target));
      else loaded.add(target);
    }
  };
  visit(join(SRC, entry));
  return loaded;
}

for (const entry of ['compose.ts', 'index.ts', 'cli/main.ts']) {
  it(`${entry} loads neither the Redis client nor a store that is not configured`, () => {
    const loaded = [...loadedWith(entry)];
    assert.ok(loaded.length > 20, 'it was really followed');
    assert.deepEqual(
      loaded.filter((name) => name === 'redis' || /^adapters\/(redis|sqlite)\//.test(name)),
      [],
    );
  });
}

it('the Redis store is loaded by the file that is imported when it is configured', () => {
  assert.ok(loadedWith('compose/open-redis-store.ts').has('redis'));
});
