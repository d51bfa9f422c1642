// Loads handlers from the user's files: default export or `handlers`, one or an array. Looks at everything before it
// complains, so that one message names every problem.
import { access } from 'node:fs/promises';
import { extname, parse, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Fault, XQueueError } from '../domain/errors.ts';
import { messageOf } from './ending.ts';
import type { Handler } from './handler.ts';
import { problemOf } from './registry.ts';

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'];

/**
 * @param files paths, relative ones from `folder`
 * @throws XQueueError `invalid_request` with one fault per problem, `path` = the file as it was given
 */
export async function loadHandlers(files: readonly string[], folder: string): Promise<Handler[]> {
  const handlers: Handler[] = [];
  const faults: Fault[] = [];
  const firstFile = new Map<string, string>();
  for (const file of files) {
    const exported = await exportsOf(file, folder);
    if ('problem' in exported) {
      faults.push({ path: file, message: exported.problem });
      continue;
    }
    for (const [index, candidate] of exported.candidates.entries()) {
      const problem = problemOf(candidate) ?? takenBy(firstFile, candidate as Handler, file);
      if (problem === null) handlers.push(placed(candidate as Handler, resolve(folder, file)));
      else faults.push({ path: file, message: `${labelOf(candidate, index)} ${problem}` });
    }
  }
  if (faults.length === 0) return handlers;
  const list = faults.map(({ path, message }) => `  ${path}: ${message}`).join('\n');
  throw new XQueueError('invalid_request', `The handlers cannot be loaded:\n${list}`, { faults });
}

async function exportsOf(file: string, folder: string): Promise<{ candidates: unknown[] } | { problem: string }> {
  if (!EXTENSIONS.includes(extname(file))) return { problem: `must be a ${EXTENSIONS.join(', ')} file` };
  const path = resolve(folder, file);
  try {
    await access(path);
  } catch {
    return { problem: `there is no such file (${path})` };
  }
  let module: { default?: unknown; handlers?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module;
  } catch (error) {
    return { problem: `cannot be loaded: ${messageOf(error)}${adviceFor(error, file)}` };
  }
  const exported = module.default ?? module.handlers;
  if (exported === undefined) return { problem: 'exports neither a default nor `handlers`' };
  const candidates: unknown[] = Array.isArray(exported) ? exported : [exported];
  return candidates.length === 0 ? { problem: 'exports no handler' } : { candidates };
}

/** `npm init` says of every new project that it is CommonJS, and Node's own words do not name the way out. */
function adviceFor(error: unknown, file: string): string {
  const isTakenForCommonJs =
    error instanceof SyntaxError && /outside a module|Unexpected token .export./.test(error.message);
  if (!isTakenForCommonJs) return '';
  const { name, ext } = parse(file);
  return `. Its package.json says "type": "commonjs": name the file ${name}.m${ext.slice(1)}, or say "type": "module" there`;
}

/** A handler that asks for isolation is loaded again where it runs. */
function placed(handler: Handler, file: string): Handler {
  const { type, middleware, isolation } = handler;
  if (isolation === undefined || handler.file !== undefined) return handler;
  return { type, middleware, isolation, file, handle: (task, ctx) => handler.handle(task, ctx) };
}

function takenBy(firstFile: Map<string, string>, { type }: Handler, file: string): string | null {
  const first = firstFile.get(type);
  if (first === undefined) firstFile.set(type, file);
  return first === undefined ? null : first === file ? 'is there twice' : `is already in ${first}`;
}

function labelOf(candidate: unknown, index: number): string {
  const type = typeof candidate === 'object' && candidate !== null ? (candidate as { type?: unknown }).type : undefined;
  return typeof type === 'string' ? `handler ${JSON.stringify(type)}` : `handler number ${index + 1}`;
}
