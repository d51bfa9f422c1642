// Loaded before an example (`node --import`): `xqueue` is what stands in src, so that examples need no build.
import { registerHooks } from 'node:module';

const SRC = new URL('../../../src/', import.meta.url);
const ENTRIES: Readonly<Record<string, string>> = {
  xqueue: 'index.ts',
  'xqueue/client': 'client.ts',
  'xqueue/testing': 'testing.ts',
};

registerHooks({
  resolve(specifier, context, next) {
    const entry = ENTRIES[specifier];
    return entry === undefined ? next(specifier, context) : { url: new URL(entry, SRC).href, shortCircuit: true };
  },
});
