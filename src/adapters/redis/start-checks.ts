// Whether this server can be trusted with tasks. Errors stop the start; warnings are for the log and `xqueue doctor`.
import { LAYOUT } from './layout.ts';
import type { ServerFacts } from './server-facts.ts';

export interface Check {
  readonly name: 'version' | 'role' | 'eviction' | 'persistence' | 'clock' | 'layout';
  readonly status: 'ok' | 'warning' | 'error';
  /** One sentence for a person. */
  readonly message: string;
}

const CLOCK_WARNING_MS = 2_000;

/** @param layout of the tasks that are there, see kept-layout.ts */
export function startChecks(facts: ServerFacts, layout: number | null): Check[] {
  return [version(facts), role(facts), eviction(facts), persistence(facts), clock(facts), layoutOfTasks(layout)];
}

function version({ version: is, major, minor }: ServerFacts): Check {
  const name = 'version';
  if (major < 6 || (major === 6 && minor < 2)) {
    return { name, status: 'error', message: `Redis ${is} is too old: XQueue needs 7.0 or later (6.2 at the least).` };
  }
  if (major < 7) {
    const message = `Redis ${is} cannot let running tasks finish when it is out of memory; 7.0 or later can.`;
    return { name, status: 'warning', message };
  }
  return { name, status: 'ok', message: `Redis ${is}.` };
}

function role({ role: is }: ServerFacts): Check {
  if (is === 'master') return { name: 'role', status: 'ok', message: 'This server is a master.' };
  const message = `This server is a replica (${is}): give the master's address, or use redis.sentinel.`;
  return { name: 'role', status: 'error', message };
}

function eviction({ evictionPolicy }: ServerFacts): Check {
  const name = 'eviction';
  if (evictionPolicy === 'noeviction') return { name, status: 'ok', message: 'Nothing is evicted (noeviction).' };
  const message = `The server may drop keys when its memory is full (maxmemory-policy ${evictionPolicy}), tasks among them: set it to noeviction.`;
  return { name, status: 'error', message };
}

function persistence({ appendOnly, appendFsync, save }: ServerFacts): Check {
  const name = 'persistence';
  if (appendOnly) {
    const how = appendFsync === null ? '' : `, fsync ${appendFsync}`;
    const late =
      appendFsync === 'everysec' ? ': a crash may lose the last two seconds; appendfsync always loses nothing' : '';
    return { name, status: 'ok', message: `The append-only file is on${how}${late}.` };
  }
  if (save !== null && save !== '') {
    const message = `Only snapshots are saved (save ${save}): a crash loses what came after the last one. Set appendonly yes.`;
    return { name, status: 'warning', message };
  }
  const message = 'Nothing is saved to disk: a restart of Redis loses every task. Set appendonly yes.';
  return { name, status: 'warning', message };
}

function clock({ clockAheadMs }: ServerFacts): Check {
  const name = 'clock';
  const seconds = (Math.abs(clockAheadMs) / 1000).toFixed(1);
  if (Math.abs(clockAheadMs) < CLOCK_WARNING_MS) {
    return { name, status: 'ok', message: `The server's clock agrees with this machine's.` };
  }
  const way = clockAheadMs > 0 ? 'ahead of' : 'behind';
  const message = `The server's clock is ${seconds} s ${way} this machine's. Times are judged by the server's.`;
  return { name, status: 'warning', message };
}

function layoutOfTasks(layout: number | null): Check {
  const name = 'layout';
  if (layout === null || layout === LAYOUT)
    return { name, status: 'ok', message: `Tasks are kept in layout ${LAYOUT}.` };
  const message =
    `The tasks in this Redis are kept in layout ${layout}, which another version of XQueue wrote; this one needs ${LAYOUT}: ` +
    'let that version finish them first, or use another redis.key_prefix.';
  return { name, status: 'error', message };
}
