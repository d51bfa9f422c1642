// The one permission check: HTTP, event streams, the MQTT broker and the console all ask here. Knows keys by their
// digest only; a key itself is never kept, compared as text, or logged.
import { hash, timingSafeEqual } from 'node:crypto';

export const SCOPES = ['read', 'submit', 'operate'] as const;
/** `read` sees, `submit` submits and cancels, `operate` changes limits, retries and drains. None includes another. */
export type Scope = (typeof SCOPES)[number];

/** An entry of `auth.keys`. */
export interface KeyEntry {
  readonly name: string;
  /** Lower-case hex SHA-256 of the key. */
  readonly sha256: string;
  readonly scopes: readonly Scope[];
}

/** Who is asking. */
export interface Principal {
  /** Name of the key; `anyone` when no keys are configured. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
}

export interface Permissions {
  /** No keys are configured: everybody may do everything. */
  readonly isOpen: boolean;
  /** Whose key this is; `null`: nobody's. Takes the same time whichever key it is and how much of it is right. */
  identify(key: string): Principal | null;
}

export const ANYONE: Principal = { name: 'anyone', scopes: new Set(SCOPES) };

/** @throws Error when an entry's digest is no SHA-256 */
export function createPermissions(keys: readonly KeyEntry[]): Permissions {
  if (keys.length === 0) return { isOpen: true, identify: () => ANYONE };
  const entries = keys.map((entry) => ({
    digest: digestOf(entry),
    principal: { name: entry.name, scopes: new Set(entry.scopes) },
  }));
  return {
    isOpen: false,
    identify(key) {
      const digest = hash('sha256', key, 'buffer');
      let found: Principal | null = null;
      // No early end: how long it takes must not tell which entry matched.
      for (const entry of entries) if (timingSafeEqual(entry.digest, digest)) found ??= entry.principal;
      return found;
    },
  };
}

function digestOf({ name, sha256 }: KeyEntry): Buffer {
  if (!/^[0-9a-f]{64}$/i.test(sha256)) throw new Error(`auth.keys: the sha256 of "${name}" is not 64 hex digits`);
  return Buffer.from(sha256, 'hex');
}
