// Makes an address of the HTTP server from an entry of the route table: reads and checks what came, calls the route,
// and sends what it answers.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { QueryText } from '../protocol/query.ts';
import { type Answer, type Headers, invalid, refusal, TAKEN_OVER } from './answer.ts';
import { ANYONE, type Principal } from './permissions.ts';
import type { Call, JsonBody, Outcome, Route } from './route.ts';
import type { Services } from './services.ts';

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal;
  }
}

export function addRoute(app: FastifyInstance, route: Route, services: Services): void {
  const observe = services.metrics.requests(route.method, route.path);
  const { scope } = route;
  app.route({
    method: route.method,
    // A key may hold slashes: everything behind `/concurrency/` is the key.
    url: route.path.replace('{key}', '*').replace('{id}', ':id'),
    onRequest: (request, reply, done) => {
      const who = scope === 'open' ? ANYONE : services.access.identify(request.raw, scope);
      if ('status' in who) return void send(reply, who);
      request.principal = who;
      done();
    },
    onResponse: (_request, reply, done) => {
      observe(reply.statusCode, reply.elapsedTime);
      done();
    },
    // Not async: the framework would wait for a promise that resolves to the reply, which is one more turn for each request.
    handler: (request, reply) => {
      const call = callOf(route, request, reply);
      if ('status' in call) return void send(reply, call);
      const outcome = route.handle(call, services);
      if (!(outcome instanceof Promise)) return finish(reply, outcome);
      outcome.then((later) => finish(reply, later)).catch((error: unknown) => fail(reply, error));
    },
  });
}

function finish(reply: FastifyReply, outcome: Outcome): void {
  if (outcome !== TAKEN_OVER) send(reply, outcome);
}

/** To the error handler, unless an answer is on its way: a second one would become part of it. */
function fail(reply: FastifyReply, error: unknown): void {
  if (!reply.sent) reply.send(error instanceof Error ? error : new Error(String(error)));
}

export function send(reply: FastifyReply, { status, type, body, headers }: Answer): FastifyReply {
  reply.code(status);
  if (headers !== undefined) reply.headers(headers);
  if (status === 204) return reply.send();
  return reply.header('content-type', type).send(body);
}

function callOf(route: Route, request: FastifyRequest, reply: FastifyReply): Call | Answer {
  const query = route.readQuery(request.query as QueryText);
  if (!query.ok) return invalid(query.faults);
  const path = route.readPath(namedPath(route, request.params));
  if (!path.ok) return route.badPath === 'task_not_found' ? refusal('task_not_found') : invalid(path.faults);
  const text = typeof request.body === 'string' ? request.body : '';
  const mayLackBody = route.body === undefined || (route.body.presence === 'optional' && text === '');
  const body = mayLackBody ? null : jsonOf(text);
  if (body === null && route.body === undefined && !isEmpty(text)) {
    return invalid([{ path: '', message: 'must be left out: this call takes none' }]);
  }
  if (body !== null && 'status' in body) return body;
  return {
    path: path.value,
    query: query.value,
    body,
    principal: request.principal,
    request: request.raw,
    response: reply.raw,
    takeOver: () => {
      const headers = reply.getHeaders() as Headers;
      reply.hijack();
      return headers;
    },
  };
}

function namedPath(route: Route, params: unknown): unknown {
  return 'key' in route.pathMembers ? { key: (params as { '*'?: string })['*'] } : params;
}

function jsonOf(text: string): JsonBody | Answer {
  if (text === '') return refusal('malformed_json', { detail: 'A JSON body is needed' });
  try {
    return { text, value: JSON.parse(text) as unknown };
  } catch (error) {
    return refusal('malformed_json', { detail: error instanceof Error ? error.message : 'The body is not valid JSON' });
  }
}

/** Clients that send JSON everywhere send `{}` where there is nothing to say. */
function isEmpty(text: string): boolean {
  return text.length < 64 && (text.trim() === '' || /^\s*\{\s*\}\s*$/.test(text));
}
