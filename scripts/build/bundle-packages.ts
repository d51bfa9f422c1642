// Puts the packages that the compiled sources import into dist/vendor: of each only what is used, in few files. A process
// loads a dozen files instead of a thousand, which is what most of its memory went to (decision 0012). Our own files stay
// as they are, so that addresses relative to them hold and a stack trace names them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { packageImports } from './imports.ts';
import { licencesOf } from './licences.ts';

/** Fastify would load these when it is asked for something we never ask for: its own validation, and requests without a socket. */
const NEVER_LOADED = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'];
const ENTRY = 'vendor:';

/** @param peers packages that a user may or may not have: they are imported from where they are */
export async function bundlePackages(dist: string, root: string, peers: readonly string[]): Promise<void> {
  const used = new Map<string, Set<string>>();
  for (const file of scriptsIn(dist)) {
    const code = readFileSync(file, 'utf8');
    const imports = packageImports(file, code).filter(({ source }) => !peers.includes(source));
    if (imports.length === 0) continue;
    for (const { source, names } of imports) {
      used.set(source, new Set([...(used.get(source) ?? []), ...names]));
    }
    writeFileSync(
      file,
      rewritten(code, imports, (source) => addressFrom(file, join(dist, 'vendor', nameOf(source)))),
    );
  }
  const bundle = await rolldown({
    platform: 'node',
    external: NEVER_LOADED,
    input: Object.fromEntries([...used.keys()].map((source) => [nameOf(source), ENTRY + source])),
    plugins: [entries(used, join(root, 'package.json'))],
    onLog(level, log, print) {
      // Optional parts that are not installed (such as faster masking for ws): their users ask for them in a `try`.
      if (log.code !== 'UNRESOLVED_IMPORT') print(level, log);
    },
  });
  const { output } = await bundle.write({
    dir: join(dist, 'vendor'),
    format: 'esm',
    // Names stay: some packages look at them, and a stack trace should say something.
    minify: { mangle: false, compress: false, codegen: { removeWhitespace: true } },
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[name]-[hash].js',
  });
  await bundle.close();
  const parts = output.flatMap((file) => (file.type === 'chunk' ? Object.keys(file.modules) : []));
  writeFileSync(join(dist, 'vendor', 'THIRD-PARTY.txt'), licencesOf(parts));
}

function scriptsIn(dist: string): string[] {
  return readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js') && !name.startsWith('console'))
    .map((name) => join(dist, name));
}

/** The modules that are bundled: one for each address that is imported, with the names that somebody wants. */
function entries(used: ReadonlyMap<string, ReadonlySet<string>>, importer: string): Plugin {
  return {
    name: 'vendor-entries',
    async resolveId(source, from) {
      if (source.startsWith(ENTRY)) return source;
      return from?.startsWith(ENTRY) === true ? await this.resolve(source, importer) : null;
    },
    load(id) {
      if (!id.startsWith(ENTRY)) return null;
      const source = id.slice(ENTRY.length);
      return `export { ${[...(used.get(source) ?? [])].sort().join(', ')} } from '${source}';`;
    },
  };
}

function rewritten(
  code: string,
  imports: ReturnType<typeof packageImports>,
  addressOf: (source: string) => string,
): string {
  return imports.reduceRight(
    (text, { source, start, end }) => `${text.slice(0, start)}'${addressOf(source)}'${text.slice(end)}`,
    code,
  );
}

function addressFrom(file: string, target: string): string {
  const path = relative(dirname(file), target).split(sep).join('/');
  return `${path.startsWith('.') ? path : `./${path}`}.js`;
}

/** `@scope/name/part` -> `scope-name-part` */
function nameOf(source: string): string {
  return source.replace('@', '').replaceAll('/', '-');
}
