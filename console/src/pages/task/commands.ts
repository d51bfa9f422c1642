// The same as what a button does, as a line for a shell.
import { apiKey } from '../../api/call.ts';

export interface Command {
  readonly name: 'curl' | 'xqueue';
  readonly line: string;
}

/** For `sh`: nothing within single quotes means anything. */
export function shellQuoted(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function curl(method: string, path: string, body?: string): string {
  const key = apiKey() === null ? '' : ` -H 'Authorization: Bearer <key>'`;
  const data = body === undefined ? '' : ` -H 'Content-Type: application/json' -d ${shellQuoted(body)}`;
  const verb = method === 'GET' ? '' : ` -X ${method}`;
  return `curl${verb} ${shellQuoted(`${location.origin}/api/v1${path}`)}${key}${data}`;
}

export function getCommands(id: string): Command[] {
  return pair(curl('GET', `/tasks/${id}`), `task get ${id}`);
}

export function cancelCommands(id: string): Command[] {
  return pair(curl('DELETE', `/tasks/${id}`), `task cancel ${id}`);
}

export function retryCommands(id: string): Command[] {
  return pair(curl('POST', `/tasks/${id}/retry`), `task retry ${id}`);
}

export function watchCommands(id: string): Command[] {
  return pair(`${curl('GET', `/tasks/${id}/events`)} -N`, `task watch ${id}`);
}

export function drainCommands(nodeId: string, wish: 'drain' | 'work'): Command[] {
  const path = `/nodes/${encodeURIComponent(nodeId)}/drain`;
  return [{ name: 'curl', line: curl(wish === 'drain' ? 'POST' : 'DELETE', path) }];
}

/** @param body JSON text of a submit; @param payload its payload; @param flags of the command line */
export function submitCommands(body: string, type: string, payload: string, flags: readonly string[]): Command[] {
  const words = ['task', 'submit', type, payload, ...flags].map(shellQuoted);
  return pair(curl('POST', '/tasks', body), words.join(' '));
}

function pair(curlLine: string, rest: string): Command[] {
  const server = location.port === '8080' ? '' : ` --url ${location.origin}`;
  return [
    { name: 'curl', line: curlLine },
    { name: 'xqueue', line: `xqueue ${rest}${server}` },
  ];
}
