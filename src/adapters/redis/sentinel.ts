// Asks Sentinel which server is the master now.

import { text } from './calls.ts';
import { LinkLost } from './faults.ts';
import { type Address, type LinkOptions, openLink } from './link.ts';

export interface SentinelOptions {
  readonly master: string;
  readonly addresses: readonly Address[];
  /** Credentials of the Sentinels themselves, when they ask for some. */
  readonly username?: string;
  readonly password?: string;
}

/** @throws LinkLost when no Sentinel can be asked or none knows the master */
export async function findMaster(sentinel: SentinelOptions, options: LinkOptions): Promise<Address> {
  const tried: string[] = [];
  for (const address of sentinel.addresses) {
    try {
      return await ask(address, sentinel, options);
    } catch (error) {
      tried.push(`${address.host} port ${address.port}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new LinkLost(`no Sentinel names the master '${sentinel.master}' (${tried.join('; ')})`);
}

async function ask(address: Address, sentinel: SentinelOptions, options: LinkOptions): Promise<Address> {
  const { username = '', password = '' } = sentinel;
  const link = await openLink(address, { ...options, username, password, db: 0 });
  try {
    const reply = await link.send(['SENTINEL', 'get-master-addr-by-name', sentinel.master]);
    if (!Array.isArray(reply) || reply.length < 2) throw new LinkLost(`it does not know '${sentinel.master}'`);
    return { host: text(reply[0] ?? ''), port: Number(text(reply[1] ?? '')) };
  } finally {
    link.destroy();
  }
}
