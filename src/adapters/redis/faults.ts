// What Redis says when it cannot serve a call, in words an operator can act on.
import { StoreUnavailable } from '../../domain/errors.ts';

/** The connection was lost or never made: whether the call took effect is unknown, and repeating it is harmless. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost';
}

/** Error codes after which the server is no longer the one to talk to: look for it anew. */
const ELSEWHERE = new Set(['READONLY', 'MASTERDOWN', 'UNBLOCKED', 'CLUSTERDOWN']);

const UNAVAILABLE: Readonly<Record<string, string>> = {
  OOM: 'Redis is out of memory: raise maxmemory, or shorten queue.retention',
  LOADING: 'Redis is still loading its data',
  BUSY: 'Redis is busy with a script',
  MISCONF: 'Redis cannot save to its disk and refuses to write',
  READONLY: 'This Redis is a replica',
  MASTERDOWN: 'The Redis replica has lost its master',
  NOREPLICAS: 'Redis has fewer replicas than it must have to write',
  CLUSTERDOWN: 'The Redis cluster is down',
  TRYAGAIN: 'The Redis cluster is moving this shard',
  NOAUTH: 'Redis asks for a password: set redis.password',
  WRONGPASS: 'Redis refuses redis.username or redis.password',
  NOPERM: 'The Redis user may not run a command XQueue needs',
};

export interface Fault {
  readonly error: Error;
  /** `reconnect`: this server is the wrong one, or not any more the right one. */
  readonly next: 'stay' | 'reconnect';
}

export function codeOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // A script of a server before 7.0 wraps the error of the command that failed.
  const wrapped = /(?:^|\s)-?(OOM|READONLY|MISCONF|NOREPLICAS) /.exec(message);
  return wrapped?.[1] ?? /^([A-Z]+)\b/.exec(message)?.[1] ?? '';
}

/** An error reply of the server. What is not known here is a mistake of ours and stays what it is. */
export function faultOf(error: unknown): Fault {
  const code = codeOf(error);
  const known = UNAVAILABLE[code];
  const next = ELSEWHERE.has(code) ? 'reconnect' : 'stay';
  if (known !== undefined) return { error: new StoreUnavailable(known, error), next };
  if (/DB index is out of range/.test(String(error))) {
    return { error: new StoreUnavailable('Redis has no database of this number: change redis.db', error), next };
  }
  return { error: error instanceof Error ? error : new Error(String(error)), next };
}
