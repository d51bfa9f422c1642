// Rules about what the text of the repository must not contain.
import { matches, type Rule, spelled } from './source-files.ts';

const FOLDERS = ['work', 'farm', 'root', 'Users'].map((name) => `/${name}/`);
const MACHINE_PATH = new RegExp(
  `(?<![\\w.$}*-])(?:${FOLDERS.join('|')}|/home/(?!user/)\\w+/|[A-Z]:\\\\Users\\\\)`,
  'g',
);
const WORKPLACE_WORDS = [
  spelled('clau', 'de'),
  spelled('anthro', 'pic'),
  spelled('chat', 'gpt'),
  spelled('co', 'pilot'),
  spelled('sub-?', 'agent'),
  spelled('farm-', '(?:bench|studio)'),
  spelled('\\.lib', 'rary\\b'),
];
const WORKPLACE = new RegExp(WORKPLACE_WORDS.join('|'), 'gi');
const REGISTRY = /https?:\/\/[^\s"'`)]*(?:registry|artifactory|nexus|verdaccio)[^\s"'`)]*/g;

export const noMachinePaths: Rule = ({ path, text }) =>
  matches(path, text, MACHINE_PATH, 'names a path of one machine');

export const noWorkplaceWords: Rule = ({ path, text }) =>
  matches(path, text, WORKPLACE, 'speaks of the workplace instead of the product');

export const noRegistryHosts: Rule = ({ path, text }) =>
  matches(path, text, REGISTRY, 'names the host of a package registry');

/** A download address in the lock file would tie every install to one registry. */
export const noResolvedInLock: Rule = ({ path, text }) =>
  /(^|\/)(package-lock|npm-shrinkwrap)\.json$/.test(path)
    ? matches(path, text, /"resolved"\s*:\s*"[^"]*"/g, 'holds a download address').slice(0, 3)
    : [];
