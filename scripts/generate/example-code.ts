// Code in pages comes from the examples that the test run executes. `<!-- from examples/a.ts#part -->` before a block of
// code says from where: `part` is what stands between `// #region part` and `// #endregion`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const BLOCK = /(<!-- from ([\w./-]+?)(?:#([\w-]+))? -->\n)```(\w+)\n[\s\S]*?```/g;

/** The page with the code of the examples as it is now. @throws when a part is not there */
export function withExampleCode(page: string): string {
  return page.replaceAll(BLOCK, (_all, marker: string, path: string, part: string | undefined, language: string) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    const code = part === undefined ? withoutMarks(text) : partOf(text, part, path);
    return `${marker}\`\`\`${language}\n${code.trim()}\n\`\`\``;
  });
}

function partOf(text: string, part: string, path: string): string {
  const found = new RegExp(`^// #region ${part}\\n([\\s\\S]*?)^// #endregion`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`${path} has no part ${part}`);
  return found;
}

function withoutMarks(text: string): string {
  return text.replaceAll(/^\/\/ #(end)?region.*\n/gm, '');
}
