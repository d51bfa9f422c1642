// Loads a copy of a source tree with one place changed, beside the sound one: `import(...)` of a URL that names a patch.
// A patch whose place is gone fails loudly, so that it cannot quietly stop breaking anything.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

export interface Patch {
  /** File name inside the tree. */
  readonly file: string;
  /** Text that stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

const patches = new Map<string, { readonly tree: string; readonly patch: Patch }>();

registerHooks({
  // Everything a patched module imports from its own tree is patched as well, and so is another copy of it.
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context);
    const name = context.parentURL === undefined ? null : patchOf(context.parentURL);
    const known = name === null ? undefined : patches.get(name);
    if (name === null || known === undefined || !resolved.url.startsWith(known.tree)) return resolved;
    return patchOf(resolved.url) === null ? { ...resolved, url: `${resolved.url}?patch=${name}` } : resolved;
  },
  load: (url, context, next) => {
    const loaded = next(url, context);
    const known = patches.get(patchOf(url) ?? '');
    if (known === undefined || fileOf(url) !== `${known.tree}${known.patch.file}`) return loaded;
    return { ...loaded, source: patched(new URL(fileOf(url)), known.patch) };
  },
});

/** The URL under which the entry of the tree is loaded with this patch. */
export function patchedEntry(name: string, tree: URL, entry: string, patch: Patch): string {
  const key = name.replaceAll(/[^a-z0-9]+/gi, '-');
  patches.set(key, { tree: tree.href, patch });
  assert.doesNotThrow(() => patched(new URL(patch.file, tree), patch));
  return `${new URL(entry, tree).href}?patch=${key}`;
}

function patched(file: URL, { find, replace }: Patch): string {
  const source = readFileSync(file, 'utf8');
  const places = source.split(find).length - 1;
  assert.equal(places, 1, `the patch must fit exactly one place of ${file.pathname}: ${find}`);
  return source.replace(find, () => replace);
}

function patchOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).searchParams.get('patch') : null;
}

function fileOf(url: string): string {
  return url.split('?')[0] ?? url;
}
