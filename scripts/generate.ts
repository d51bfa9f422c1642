// `npm run generate`: writes every document that follows from the code. With `--check` it writes nothing and fails when
// one is not as it would be written; test/tidy.test.ts holds the same.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles } from './generate/generated-files.ts';

const root = join(import.meta.dirname, '..');
const isCheck = process.argv.includes('--check');

for (const { path, textFrom } of generatedFiles) {
  const file = join(root, path);
  const before = current(file);
  const after = textFrom(before);
  if (before === after) continue;
  process.stdout.write(`${isCheck ? 'out of date' : 'written'}: ${path}\n`);
  if (isCheck) process.exitCode = 1;
  else writeFileSync(file, after);
}

function current(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
