// Texts that are compared with files beside the tests. `TEST_UPDATE=1 npm test -- <file>` writes them anew; what changed
// is then seen in the diff.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export function sameAsStored(file: URL, actual: string): void {
  const text = `${actual.trimEnd()}\n`;
  if (process.env['TEST_UPDATE'] === '1') {
    mkdirSync(dirname(file.pathname), { recursive: true });
    writeFileSync(file, text);
  }
  assert.equal(text, readFileSync(file, 'utf8'));
}
