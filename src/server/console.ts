// Serves the web console. Its page is the same for every address it has; what is shown is decided in the browser.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { send } from './add-route.ts';
import { refusal } from './answer.ts';
import type { ConsoleFile, ConsoleFiles } from './console-files.ts';

/** Scripts and styles come from this server only, nothing inline, and text never becomes markup or code. */
export const CONSOLE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** Addresses a person may open or reload; everything else stays 404. */
export const CONSOLE_PATHS = [
  '/',
  '/tasks',
  '/tasks/:id',
  '/concurrency',
  '/nodes',
  '/handlers',
  '/submit',
  '/live',
  '/settings',
] as const;

const FOREVER = 'public, max-age=31536000, immutable';

export function addConsole(app: FastifyInstance, files: ConsoleFiles): void {
  for (const path of CONSOLE_PATHS) {
    app.get(path, (request, reply) =>
      sendFile(request, reply.header('content-security-policy', CONSOLE_CSP), files.page),
    );
  }
  app.get<{ Params: { name: string } }>('/assets/:name', (request, reply) => {
    const file = files.assets.get(request.params.name);
    if (file === undefined) return send(reply, refusal('not_found', { detail: 'The console has no such file' }));
    return sendFile(request, reply.header('cache-control', FOREVER), file);
  });
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: ConsoleFile): FastifyReply {
  const takesGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  reply.header('content-type', file.type).header('vary', 'accept-encoding');
  if (!takesGzip || file.zipped === null) return reply.send(file.body);
  return reply.header('content-encoding', 'gzip').send(file.zipped);
}
