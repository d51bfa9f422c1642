// Rules about what code must not contain.
import { matches, type Rule, spelled, withoutComments } from './source-files.ts';

const LINES_MAX = 500;
const isCode = (path: string): boolean => /\.(ts|tsx|mjs|js|lua|sql|css)$/.test(path);

export function linesOf(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

export const notTooLong: Rule = ({ path, text }) => {
  const lines = linesOf(text);
  return isCode(path) && lines > LINES_MAX ? [`${path} has ${lines} lines, more than ${LINES_MAX}`] : [];
};

/** Time and chance come from the Clock port, or tests could not own them. */
export const clockOnly: Rule = ({ path, text }) => {
  if (!/^src\/(?!adapters\/).*\.ts$/.test(path)) return [];
  const calls =
    /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\.now\b|\bhrtime\b|\bsetTimeout\b|\bsetInterval\b|\bMath\.random\b|\bAbortSignal\.timeout\b|['"](?:node:)?timers(?:\/promises)?['"]/g;
  return matches(path, withoutComments(text), calls, 'asks the system for time or chance instead of the Clock port');
};

/** Redis key names are built in one file, one function each; a name written elsewhere would miss prefix and hash tag. */
export const redisKeysInOnePlace: Rule = ({ path, text }) => {
  if (!path.startsWith('src/') || path === 'src/adapters/redis/keys.ts') return [];
  const what = 'names a Redis key outside src/adapters/redis/keys.ts';
  const hashTag = matches(path, text, /['"`][^'"`\n]*\{xqueue[^'"`\n]*|['"`][^'"`\n]*\{\$\{[^'"`\n]*\}\}:/g, what);
  if (!path.startsWith('src/adapters/redis/')) return hashTag;
  if (path.endsWith('.lua')) {
    return [...hashTag, ...matches(path, text.replaceAll(/--[^\n]*/g, ''), /['"]\w[\w{}-]*:[\w{}:-]*['"]/g, what)];
  }
  const named = /['"`](?!node:|rediss?:|unix:)[\w${}.-]+:[^'"`\s]*['"`]/g;
  return [...hashTag, ...matches(path, withoutComments(text), named, what)];
};

/** A drawer holds what nobody found a name for. */
export const noDrawers: Rule = ({ path }) => {
  const drawer = path
    .split('/')
    .find((part) => /^(utils?|helpers?|libs?|common|types|misc|shared)(\.\w+)*$/.test(part));
  return isCode(path) && drawer !== undefined ? [`${path} is in a drawer called ${drawer}`] : [];
};

const SILENCERS = [
  spelled('@ts-', 'ignore'),
  spelled('@ts-', 'nocheck'),
  spelled('@ts-expect', '-error'),
  spelled('lint-', 'disable'),
  spelled('biome-', 'ignore'),
];

export const nothingSilenced: Rule = ({ path, text }) =>
  isCode(path) ? matches(path, text, new RegExp(SILENCERS.join('|'), 'g'), 'silences a check') : [];

/** A test that runs alone hides all others. */
export const noLoneTests: Rule = ({ path, text }) =>
  /^test\/.*\.ts$/.test(path)
    ? matches(path, withoutComments(text), /\b(?:it|test|describe|suite)\.only\b|\bonly: true\b/g, 'runs alone')
    : [];
