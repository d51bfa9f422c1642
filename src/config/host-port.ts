// Addresses of the form `host:port`; an IPv6 host stands in brackets.

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export function parseHostPort(address: string): HostPort | null {
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:[\]/@]+)):(\d{1,5})$/.exec(address);
  if (match === null) return null;
  const port = Number(match[3]);
  return port <= 65_535 ? { host: match[1] ?? match[2] ?? '', port } : null;
}

export function isHostPort(address: string): boolean {
  return parseHostPort(address) !== null;
}

/** Only this machine can connect to it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** A host as it stands in a URL; for a server on every address, one that works from this machine. */
export function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
