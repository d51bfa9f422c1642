// Requests that meet no route: 404, or 405 with the methods that would do, or an answer to OPTIONS.
import type { FastifyInstance } from 'fastify';
import { send } from './add-route.ts';
import { refusal } from './answer.ts';
import type { Route } from './route.ts';

export function addUnmatched(app: FastifyInstance, routes: readonly Route[]): void {
  const allowedAt = allowedMethods(routes);
  app.setNotFoundHandler((request, reply) => {
    const { method, url } = request.raw;
    const path = (url ?? '').split('?', 1)[0] ?? '';
    const allowed = path === '*' ? 'GET, HEAD, POST, PUT, DELETE, OPTIONS' : allowedAt(path);
    if (allowed === null) {
      return send(reply, refusal('not_found', { detail: `Nothing is served at ${path.slice(0, 200)}` }));
    }
    if (method === 'OPTIONS') return send(reply, { status: 204, type: '', body: '', headers: { allow: allowed } });
    const detail = `${path.slice(0, 200)} takes ${allowed}`;
    return send(reply, refusal('method_not_allowed', { detail, headers: { allow: allowed } }));
  });
}

function allowedMethods(routes: readonly Route[]): (path: string) => string | null {
  const entries = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  for (const { path, method } of routes) {
    const entry = entries.get(path) ?? { pattern: patternOf(path), methods: new Set(['OPTIONS']) };
    entries.set(path, entry);
    entry.methods.add(method);
    if (method === 'GET') entry.methods.add('HEAD');
  }
  const list = [...entries.values()];
  return (path) => {
    const methods = new Set(list.filter(({ pattern }) => pattern.test(path)).flatMap((entry) => [...entry.methods]));
    return methods.size === 0 ? null : [...methods].sort().join(', ');
  };
}

function patternOf(path: string): RegExp {
  const escaped = path.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replace('{key}', '.*').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}
