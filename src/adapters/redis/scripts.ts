// Loads the scripts: checks their headers, puts in the pieces they include and the words they use, and names what each
// takes. A script that is wrong stops the program at start, not at its first call.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { ScriptWords } from './script-words.ts';

export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha: string;
  /** ARGV by name, in order. */
  readonly args: readonly string[];
  /** Name of the arguments that come last, any number of them; `null` = none. */
  readonly rest: string | null;
  readonly flags: readonly string[];
  /** What it includes, and what it does: the two pieces of its text. */
  readonly pieces: { readonly parts: string; readonly main: string };
}

export interface Header {
  readonly about: string;
  readonly keys: readonly string[];
  readonly args: readonly string[];
  readonly rest: string | null;
  readonly reply: string;
  readonly flags: readonly string[];
}

const FOLDER = new URL('./scripts/', import.meta.url);
const PARTS = new URL('./scripts/parts/', import.meta.url);
const FLAGS_KNOWN = new Set(['allow-oom', 'no-writes']);

/** @param shebang `without` for servers before 7.0, which do not know script flags */
export function loadScripts(words: ScriptWords, shebang: 'with' | 'without'): ReadonlyMap<string, Script> {
  const names = luaFiles(FOLDER);
  return new Map(names.map((name) => [name, loadScript(name, words, shebang)]));
}

export function luaFiles(folder: URL = FOLDER): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.lua'))
    .map((file) => file.slice(0, -'.lua'.length))
    .sort();
}

/**
 * What follows the line `@body` becomes a function of its own: closures find what stands before it in one step, while
 * locals of their own function are looked for one by one, which for some hundred closures is a third of a small call.
 */
function inOneFunction(body: string): string {
  return body.includes(BODY) ? `${body.replace(BODY, 'return (function()')}\nend)()` : body;
}

const BODY = '@body';
const sources = new Map<string, string>();

/** Each file is read once: most parts are in most scripts. */
function sourceOf(name: string, folder: URL): string {
  const { href } = new URL(`${name}.lua`, folder);
  const known = sources.get(href) ?? readFileSync(new URL(href), 'utf8');
  sources.set(href, known);
  return known;
}

function loadScript(name: string, words: ScriptWords, shebang: 'with' | 'without'): Script {
  const source = sourceOf(name, FOLDER);
  const header = parseHeader(name, source);
  const { args, rest, flags } = header;
  const names = args.map((arg, index) => `local ${arg} = ARGV[${index + 1}]`);
  // The place where they begin: `ARGV[types]` is the first of `types...`.
  if (rest !== null) names.push(`local ${rest} = ${args.length + 1}`);
  const shebangLine = shebang === 'with' ? `#!lua flags=${flags.join(',')}\n` : '';
  const mainAt = endOfIncludes(source);
  const parts = withWords(name, included(name, source.slice(0, mainAt), new Set()), words);
  const main = withWords(name, source.slice(mainAt), words);
  const text = `${shebangLine}${names.join(' ')}\n${inOneFunction(`${parts}\n${main}`)}`;
  const sha = createHash('sha1').update(text).digest('hex');
  return { name, text, sha, args, rest, flags, pieces: { parts: parts.replace(BODY, ''), main } };
}

/** A script includes what it needs before its first line of code. */
function endOfIncludes(source: string): number {
  const last = source.lastIndexOf('\n--@include ');
  return last < 0 ? 0 : source.indexOf('\n', last + 1);
}

/**
 * The comment lines a script opens with: what it does, then KEYS, ARGV, REPLY and, when it has some, FLAGS.
 * @throws Error that names the script and what is missing
 */
export function parseHeader(name: string, source: string): Header {
  const lines = source.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--') || line.startsWith('--@'));
  const comments = lines.slice(0, end).map((line) => line.slice(2).trim());
  const found = new Map<string, string>();
  let last = '';
  for (const line of comments) {
    const [, word, text] = /^(KEYS|ARGV|REPLY|FLAGS)\s+(.*)$/.exec(line) ?? [];
    if (word !== undefined && text !== undefined) {
      found.set(word, text);
      last = word;
    } else if (last !== '') {
      found.set(last, `${found.get(last)} ${line}`);
    }
  }
  const part = (word: string): string => {
    const text = found.get(word);
    if (text === undefined) throw new Error(`script ${name} does not say its ${word}`);
    return text;
  };
  const named = part('ARGV')
    .split(/\s+/)
    .filter((arg) => arg !== '');
  const rest = named.at(-1)?.endsWith('...') ? (named.pop()?.slice(0, -3) ?? null) : null;
  const keys = part('KEYS').split(/\s+/);
  if (keys.join() !== 'shard') throw new Error(`script ${name} takes the key 'shard' and no other`);
  for (const arg of rest === null ? named : [...named, rest]) {
    if (!/^[a-z][A-Za-z]*$/.test(arg)) throw new Error(`script ${name} has an argument called '${arg}'`);
  }
  const flags = (found.get('FLAGS') ?? '').split(/[\s,]+/).filter((flag) => flag !== '');
  for (const flag of flags)
    if (!FLAGS_KNOWN.has(flag)) throw new Error(`script ${name} has the unknown flag '${flag}'`);
  if (comments[0] === undefined || comments[0] === '') throw new Error(`script ${name} does not say what it does`);
  return { about: comments[0], keys, args: named, rest, reply: part('REPLY'), flags };
}

/** `--@include lanes` is replaced by parts/lanes.lua, each part once and after those it includes itself. */
function included(name: string, source: string, seen: Set<string>): string {
  return source.replaceAll(/^--@include ([a-z-]+)$/gm, (_, part: string) => {
    if (seen.has(part)) return '';
    seen.add(part);
    return included(`${name} (part ${part})`, sourceOf(part, PARTS), seen);
  });
}

function withWords(name: string, source: string, words: ScriptWords): string {
  const code = source.replaceAll(/--[^\n]*/g, '').replaceAll(/\n\s*\n+/g, '\n');
  return code.replaceAll(/\b([A-Z])\.([A-Za-z]+)\b/g, (_, group: string, word: string) => {
    const value = words[group]?.[word];
    if (value === undefined) throw new Error(`script ${name} uses ${group}.${word}, which nobody defines`);
    return value;
  });
}
