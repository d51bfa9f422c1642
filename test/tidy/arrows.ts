// Who may import whom: the arrows of ARCHITECTURE.md.
import { posix } from 'node:path';
import { type Rule, withoutComments } from './source-files.ts';

interface Layer {
  /** Other layers it may import. Its own is always allowed. */
  readonly imports: readonly string[] | 'everything';
  /** npm packages and `node:` modules. */
  readonly packages: 'none' | 'node' | 'all';
}

/** `index` stands for the files directly in src that offer the package to its users. */
const LAYERS: Readonly<Record<string, Layer>> = {
  domain: { imports: [], packages: 'none' },
  ports: { imports: ['domain'], packages: 'none' },
  contract: { imports: ['domain'], packages: 'none' },
  client: { imports: ['domain', 'ports', 'contract', 'protocol'], packages: 'none' },
  testing: { imports: ['domain', 'ports', 'contract', 'engine', 'worker', 'sdk', 'config'], packages: 'node' },
  engine: { imports: ['domain', 'ports'], packages: 'node' },
  worker: { imports: ['domain', 'ports', 'contract'], packages: 'node' },
  adapters: { imports: ['domain', 'ports'], packages: 'all' },
  protocol: { imports: ['domain'], packages: 'all' },
  config: { imports: ['domain'], packages: 'all' },
  server: { imports: ['domain', 'ports', 'engine', 'protocol', 'version'], packages: 'all' },
  sdk: { imports: ['domain', 'ports', 'contract', 'engine', 'worker', 'protocol', 'config'], packages: 'all' },
  cli: {
    imports: [
      'domain',
      'ports',
      'contract',
      'client',
      'client entry',
      'engine',
      'worker',
      'protocol',
      'config',
      'server',
      'sdk',
      'compose',
      'version',
    ],
    packages: 'all',
  },
  version: { imports: [], packages: 'node' },
  'client entry': { imports: ['domain', 'ports', 'contract', 'client', 'adapters'], packages: 'none' },
  'testing entry': { imports: 'everything', packages: 'node' },
  compose: { imports: 'everything', packages: 'all' },
  index: { imports: ['domain', 'ports', 'contract', 'engine', 'worker', 'sdk', 'config', 'compose'], packages: 'all' },
};

export const arrows: Rule = ({ path, text }) => {
  if (!/^src\/.*\.ts$/.test(path)) return [];
  const from = layerOf(path);
  const layer = LAYERS[from];
  if (layer === undefined) return [`${path} is in src/${from}, which ARCHITECTURE.md does not know`];
  return importsOf(text).flatMap((specifier) => {
    const fault = faultOf(path, from, layer, specifier);
    return fault === null ? [] : [`${path} imports ${specifier}: ${fault}`];
  });
};

function faultOf(path: string, from: string, layer: Layer, specifier: string): string | null {
  if (!specifier.startsWith('.')) {
    const isNode = specifier.startsWith('node:');
    const isAllowed = layer.packages === 'all' || (layer.packages === 'node' && isNode);
    return isAllowed ? null : `${from} may import ${layer.packages === 'none' ? 'nothing from outside' : 'no package'}`;
  }
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (!target.startsWith('src/')) return target === 'package.json' ? null : 'src imports nothing from outside src';
  const to = layerOf(target);
  if (to === from) {
    const isOtherAdapter = from === 'adapters' && target.split('/')[2] !== path.split('/')[2];
    return isOtherAdapter ? 'adapters do not know each other' : null;
  }
  if (layer.imports === 'everything' || layer.imports.includes(to)) return null;
  return `${from} may not import ${to}`;
}

function layerOf(path: string): string {
  const [, first = '', ...rest] = path.split('/');
  if (rest.length > 0) return first;
  const name = first.replace(/\.ts$/, '');
  if (name === 'client' || name === 'testing') return `${name} entry`;
  return name === 'compose' || name === 'version' ? name : 'index';
}

export function importsOf(text: string): string[] {
  const code = withoutComments(text);
  const statement = /\b(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"`]([^'"`]+)['"`]/g;
  const url = /\bnew URL\(\s*['"`](\.[^'"`]+\.[jt]s)['"`]/g;
  return [...code.matchAll(statement), ...code.matchAll(url)].map((match) => match[1] ?? match[2] ?? '');
}
