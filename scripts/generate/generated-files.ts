// Every document that follows from the code, and how it is made.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { configReference } from '../../src/config/reference.ts';
import { openApiOf } from '../../src/server/openapi.ts';
import { ROUTES } from '../../src/server/routes/table.ts';
import { VERSION } from '../../src/version.ts';
import { asyncApiDoc } from './asyncapi.ts';
import { errorsDoc } from './errors-doc.ts';
import { withExampleCode } from './example-code.ts';
import { drawLife } from './life-drawing.ts';
import { lifecycleDoc } from './lifecycle-doc.ts';
import { replaceBlock } from './markdown.ts';

export interface GeneratedFile {
  readonly path: string;
  /** The text the file should have. Files with hand-written parts keep those of the `current` text. */
  readonly textFrom: (current: string) => string;
}

const withDrawing = (current: string): string => replaceBlock(current, 'life', `\`\`\`text\n${drawLife()}\n\`\`\``);

const root = join(import.meta.dirname, '..', '..');
const pagesWithCode = globSync('docs/{guide/*,coming-from-*}.md', { cwd: root }).sort();

export const generatedFiles: readonly GeneratedFile[] = [
  { path: 'docs/lifecycle.md', textFrom: () => lifecycleDoc() },
  { path: 'docs/errors.md', textFrom: () => errorsDoc() },
  { path: 'docs/config.md', textFrom: () => configReference() },
  { path: 'docs/openapi.json', textFrom: () => `${JSON.stringify(openApiOf(ROUTES, VERSION), null, 2)}\n` },
  { path: 'docs/asyncapi.yaml', textFrom: () => asyncApiDoc(VERSION) },
  { path: 'README.md', textFrom: withDrawing },
  { path: 'README.zh-CN.md', textFrom: withDrawing },
  ...pagesWithCode.map((path) => ({ path, textFrom: withExampleCode })),
];
