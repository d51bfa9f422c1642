// In which layout the tasks of a shard are kept: one version cannot work on what another one keeps differently.
import type { Sender } from './calls.ts';
import { STATE_FIELDS } from './layout.ts';

/** `null` while there are none. Before layouts had numbers it was 1. */
export async function readLayout(sender: Sender, stateKey: string): Promise<number | null> {
  const state = await sender.send(['GET', stateKey]);
  if (!Buffer.isBuffer(state)) return null;
  const at = 8 * STATE_FIELDS.indexOf('layout');
  return state.length < at + 8 ? 1 : state.readDoubleBE(at);
}
