// Scripts as Redis Functions (Redis 7.0 and later). A script makes all its functions anew each time it is called, some hundred of them,
// which is a tenth of what a server does while tasks are processed. A function of a library is made once: what the parts of a
// script keep during a call becomes variables that are set anew at its beginning.
import { createHash } from 'node:crypto';
import type { Script } from './scripts.ts';

export interface FunctionLibrary {
  readonly text: string;
  /** Of its functions, by those of the scripts they were. */
  readonly names: ReadonlyMap<string, string>;
}

/** Those that are called for every task. */
const HOT = ['submit', 'ingest', 'claim', 'settle'];
/** A function of Lua can use 60 variables from outside. */
const RESETS_PER_FUNCTION = 10;

/** Named after its text: programs of different versions can work on one server. */
export function functionLibrary(scripts: ReadonlyMap<string, Script>): FunctionLibrary {
  const hot = HOT.map((name) => scripts.get(name)).filter((script) => script !== undefined);
  const makers = hot.map((script) => `local function make_${script.name}()\n${bodyOf(script)}\nend\n`);
  const name = `xqueue_${createHash('sha1').update(makers.join('')).digest('hex').slice(0, 16)}`;
  const names = new Map(hot.map((script) => [script.name, `${name}_${script.name}`]));
  const registered = hot.map(({ name: script, flags }) => {
    const list = flags.map((flag) => `'${flag}'`).join(', ');
    return `redis.register_function{ function_name = '${names.get(script)}', callback = make_${script}(), flags = { ${list} } }`;
  });
  return { text: `#!lua name=${name}\n${makers.join('')}${registered.join('\n')}\n`, names };
}

function bodyOf({ name, args, rest, pieces }: Script): string {
  const { declared, constants, resets } = sortStatements(name, statementsOf(pieces.parts));
  const names = rest === null ? args : [...args, rest];
  const values = [...args.map((_, index) => `argv[${index + 1}]`), ...(rest === null ? [] : [`${args.length + 1}`])];
  const steps = inGroups(resets).map((group, index) => `local function reset${index}()\n${group.join('\n')}\nend`);
  return [
    `local ARGV, ${names.join(', ')}`,
    ...declared,
    ...steps,
    'local isReady = false',
    `local function makeReady()\n${constants.join('\n')}\nisReady = true\nend`,
    `local function main()\n${pieces.main}\nend`,
    'return function(_, argv)',
    `ARGV, ${names.join(', ')} = argv, ${values.join(', ')}`,
    'if not isReady then makeReady() end',
    ...steps.map((_, index) => `reset${index}()`),
    'return main()',
    'end',
  ].join('\n');
}

/** Statements begin at the edge; what they go on with is indented, or closes them. */
function statementsOf(lua: string): string[] {
  const statements: string[] = [];
  for (const line of lua.split('\n')) {
    if (line.trim() === '') continue;
    if (/^(\s|end\b|else|[})])/.test(line)) statements.push(`${statements.pop() ?? ''}\n${line}`);
    else statements.push(line);
  }
  return statements;
}

/**
 * Functions, and variables in their order, are there from the beginning. Constants are made in the first call, since nothing can be
 * called while a library is loaded; all else is done at the beginning of each.
 */
function sortStatements(script: string, statements: readonly string[]): Sorted {
  const namespaces = new Set(
    statements.map((statement) => /^function (\w+)[.:]/.exec(statement)?.[1]).filter((name) => name !== undefined),
  );
  const sorted: Sorted = { declared: [], constants: [], resets: [] };
  const seen = new Set<string>();
  for (const statement of statements) {
    const [, list, value] = /^local (?!function\b)([\w, ]+?)\s*(=[^]*)?$/.exec(statement) ?? [];
    const names = list?.split(/,\s*/) ?? [];
    for (const name of names) {
      if (seen.has(name)) throw new Error(`script ${script} has two variables called '${name}'`);
      seen.add(name);
    }
    const isNamespace = names.some((name) => namespaces.has(name));
    if (isNamespace && !/^local \w+ = \{\}$/.test(statement)) {
      throw new Error(`script ${script} keeps something in '${list}', which would outlive the call`);
    }
    if (isNamespace || /^(local )?function\b/.test(statement)) {
      sorted.declared.push(statement);
    } else if (list === undefined) {
      sorted.resets.push(statement);
    } else {
      sorted.declared.push(`local ${list}`);
      const isConstant = names.every((name) => /^[A-Z][A-Z_]*$/.test(name));
      (isConstant ? sorted.constants : sorted.resets).push(`${list} ${value ?? '= nil'}`);
    }
  }
  return sorted;
}

interface Sorted {
  readonly declared: string[];
  readonly constants: string[];
  readonly resets: string[];
}

function inGroups(resets: readonly string[]): string[][] {
  const groups: string[][] = [];
  for (let at = 0; at < resets.length; at += RESETS_PER_FUNCTION)
    groups.push(resets.slice(at, at + RESETS_PER_FUNCTION));
  return groups;
}
