// The page that shows the API's description to people: Swagger UI's own files from its package and a page around them,
// all from this server, so that it works without the internet. Files are read when they are asked for: hardly any
// process ever shows this page, and none should keep two megabytes for it.
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { send } from './add-route.ts';
import { refusal } from './answer.ts';

const PATH = '/api/v1/docs';
/** It sets styles on elements; scripts come from this server only. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
};

/** What the page asks for; nothing else of the package is served. */
const FILES = new Set([
  'swagger-ui.css',
  'index.css',
  'favicon-32x32.png',
  'favicon-16x16.png',
  'swagger-ui-bundle.js',
]);

const START = 'start.js';
/** Addresses relative to the script itself: they hold behind a proxy that adds a prefix, too. */
const START_SCRIPT = `const url = new URL('../../openapi.json', document.currentScript.src).href;
SwaggerUIBundle({
  url,
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
});
`;

export function addDocsPage(app: FastifyInstance): void {
  const folder = new URL('static/', import.meta.resolve('@fastify/swagger-ui/package.json'));
  // With and without the slash: the addresses in the page are relative.
  for (const [path, base] of [
    [PATH, './docs/static'],
    [`${PATH}/`, './static'],
  ] as const) {
    app.get(path, (_request, reply) =>
      reply
        .headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': CSP })
        .send(pageWith(base)),
    );
  }
  app.get<{ Params: { name: string } }>(`${PATH}/static/:name`, async (request, reply) => {
    const { name } = request.params;
    if (name !== START && !FILES.has(name)) {
      return send(reply, refusal('not_found', { detail: 'The documentation has no such file' }));
    }
    const body = name === START ? START_SCRIPT : await readFile(new URL(name, folder));
    const type = TYPES[extname(name)] ?? 'application/octet-stream';
    return reply.headers({ 'content-type': type, 'content-security-policy': CSP }).send(body);
  });
}

function pageWith(base: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>XQueue API</title>
<link rel="stylesheet" href="${base}/swagger-ui.css">
<link rel="stylesheet" href="${base}/index.css">
<link rel="icon" type="image/png" href="${base}/favicon-32x32.png" sizes="32x32">
<link rel="icon" type="image/png" href="${base}/favicon-16x16.png" sizes="16x16">
</head>
<body>
<div id="swagger-ui"></div>
<script src="${base}/swagger-ui-bundle.js"></script>
<script src="${base}/${START}"></script>
</body>
</html>
`;
}
