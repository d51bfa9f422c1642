// Opens the embedded store on its data file.
import { DatabaseRefused } from '../adapters/sqlite/database.ts';
import { openSqliteStore } from '../adapters/sqlite/open.ts';
import { StartError } from '../config/start-error.ts';
import type { Basics } from './basics.ts';
import type { NodeStore } from './node-store.ts';
import { storeSettings } from './store-settings.ts';

/** @throws StartError when the file belongs to another process or cannot be used */
export async function openEmbeddedStore({ config, clock }: Basics): Promise<NodeStore> {
  try {
    return await openSqliteStore({ path: config.embedded.path, clock, settings: storeSettings(config) });
  } catch (error) {
    throw error instanceof DatabaseRefused ? new StartError('embedded.path', error.message, { cause: error }) : error;
  }
}
