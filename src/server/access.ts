// Who may come in. Two questions: does this request come from where it claims to (a browser can be tricked into calling
// a server on its own machine), and may this caller do this.
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { type Answer, refusal } from './answer.ts';
import { ANYONE, type Permissions, type Principal, type Scope } from './permissions.ts';

export interface AccessRules {
  readonly permissions: Permissions;
  /** As configured: `server.host`, `server.insecure`. */
  readonly host: string;
  readonly insecure: boolean;
}

export interface Access {
  /** The refusal of a request that a foreign page may have caused; `null` when there is nothing against it. */
  refuseForeign(request: IncomingMessage): Answer | null;
  /** Who asks, or why not. */
  identify(request: IncomingMessage, scope: Scope): Principal | Answer;
}

const CHANGES_NOTHING = new Set(['GET', 'HEAD', 'OPTIONS']);

export function createAccess({ permissions, host, insecure }: AccessRules): Access {
  // With keys there is nothing to steal: a browser never adds an Authorization header by itself.
  const guardsOrigin = permissions.isOpen;
  const guardsHost = permissions.isOpen && !insecure;
  let lastGood: string | undefined;

  function refuseForeign(request: IncomingMessage): Answer | null {
    const named = request.headers.host;
    if (named === undefined && request.httpVersion === '1.1') {
      return refusal('invalid_request', { detail: 'HTTP/1.1 needs a Host header' });
    }
    if (guardsHost && named !== undefined && named !== lastGood) {
      if (!isOwnName(named, host)) return refusal('foreign_origin', { detail: hostDetail });
      lastGood = named;
    }
    const changes = !CHANGES_NOTHING.has(request.method ?? '') || request.headers.upgrade !== undefined;
    return guardsOrigin && changes && isCrossSite(request) ? refusal('foreign_origin', { detail: originDetail }) : null;
  }

  function identify(request: IncomingMessage, scope: Scope): Principal | Answer {
    if (permissions.isOpen) return ANYONE;
    const key = bearerKey(request.headers.authorization);
    const principal = key === null ? null : permissions.identify(key);
    if (principal === null) {
      const challenge = key === null ? 'Bearer realm="xqueue"' : 'Bearer realm="xqueue", error="invalid_token"';
      const detail = key === null ? 'Send Authorization: Bearer <key>' : 'This key is not known here';
      return refusal('unauthorized', { detail, headers: { 'www-authenticate': challenge } });
    }
    if (principal.scopes.has(scope)) return principal;
    const challenge = `Bearer realm="xqueue", error="insufficient_scope", scope="${scope}"`;
    const detail = `This needs a key with the scope ${scope}`;
    return refusal('forbidden', { detail, headers: { 'www-authenticate': challenge } });
  }

  return { refuseForeign, identify };
}

const hostDetail =
  'Without auth.keys this server answers only to its own names (localhost, an IP address, server.host), so that no web page can reach it under a name of its own';
const originDetail = 'Without auth.keys a change cannot be asked for by a page of another origin';

/**
 * DNS rebinding: a page of `evil.example` whose name suddenly resolves to 127.0.0.1 is, for the browser, the same
 * origin. The name in `Host` gives it away; an IP address cannot be rebound.
 */
function isOwnName(header: string, configured: string): boolean {
  const name = (/^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(header)?.[1] ?? '').toLowerCase();
  if (name.startsWith('[')) return isIP(name.slice(1, -1)) === 6;
  return isIP(name) === 4 || name === 'localhost' || name.endsWith('.localhost') || name === configured.toLowerCase();
}

/** Browsers add `Origin` to every request that may change something, and say in `Sec-Fetch-Site` where it comes from. */
function isCrossSite({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin !== undefined) return originHost(origin) !== host?.toLowerCase();
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

function originHost(origin: string): string | null {
  return /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}

function bearerKey(header: string | undefined): string | null {
  return header === undefined ? null : (/^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(header)?.[1] ?? null);
}
