// The description itself: complete, consistent, and made of the schemas that validate.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Compile } from 'typebox/compile';
import { API_ERRORS } from '../../src/domain/errors.ts';
import { SubmitBody } from '../../src/protocol/schemas/submit.ts';
import { openApiOf } from '../../src/server/openapi.ts';
import { ROUTES } from '../../src/server/routes/table.ts';
import { type Description, routesOf } from './description.ts';

const description = openApiOf(ROUTES, '1.2.3') as unknown as Description;
const routes = routesOf(description);

/** The table of section 4 of the contract. */
const CONTRACT = [
  'POST /api/v1/tasks',
  'POST /api/v1/tasks/batch',
  'GET /api/v1/tasks',
  'GET /api/v1/tasks/{id}',
  'DELETE /api/v1/tasks/{id}',
  'POST /api/v1/tasks/{id}/retry',
  'GET /api/v1/tasks/{id}/events',
  'GET /api/v1/stats',
  'GET /api/v1/health',
  'GET /livez',
  'GET /readyz',
  'GET /api/v1/handlers',
  'GET /api/v1/nodes',
  'GET /api/v1/concurrency',
  'PUT /api/v1/concurrency/{key}',
  'DELETE /api/v1/concurrency/{key}',
  'GET /api/v1/openapi.json',
  'GET /metrics',
];

/** What the console and the command line need beyond it; public and described like the rest. */
const BEYOND = [
  'GET /api/v1/tasks/{id}/logs',
  'GET /api/v1/tasks/{id}/explain',
  'GET /api/v1/events',
  'GET /api/v1/push',
  'GET /api/v1/stats/series',
  'POST /api/v1/nodes/{id}/drain',
  'DELETE /api/v1/nodes/{id}/drain',
  'POST /api/v1/bulk',
  'GET /api/v1/bulk',
  'GET /api/v1/bulk/{id}',
  'DELETE /api/v1/bulk/{id}',
];

function* everyObject(value: unknown): Generator<Record<string, unknown>, void, undefined> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const member of Object.values(value)) yield* everyObject(member);
}

describe('the API description', () => {
  it('has the routes of the contract, those of the console, and no other', () => {
    assert.deepEqual(routes.map(({ method, path }) => `${method} ${path}`).sort(), [...CONTRACT, ...BEYOND].sort());
  });

  it('is OpenAPI 3.1 with every reference resolved and every component used', () => {
    assert.match(description.openapi, /^3\.1\.\d+$/);
    const references = new Set<string>();
    for (const object of everyObject(description))
      if (typeof object['$ref'] === 'string') references.add(object['$ref']);
    const components = Object.keys(description.components.schemas).map((name) => `#/components/schemas/${name}`);
    assert.deepEqual([...references].sort(), components.sort());
  });

  it('names each operation once, declares its path parameters, and describes every answer', () => {
    const ids = routes.map(({ operation }) => operation.operationId);
    assert.equal(new Set(ids).size, ids.length);
    for (const { method, path, operation } of routes) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const declared = (operation.parameters ?? []).filter((one) => one.in === 'path');
      assert.deepEqual(
        declared.map(({ name }) => name),
        inPath,
        path,
      );
      assert.ok(declared.every(({ required }) => required === true));
      for (const [status, { description: text }] of Object.entries(operation.responses)) {
        assert.match(status, /^[245]\d\d$/);
        assert.ok(text.length > 1, `${method} ${path} ${status}`);
      }
    }
  });

  it('tells only of refusals that are in the catalogue', () => {
    const statuses = new Set<number>(Object.values(API_ERRORS).map(({ status }) => status));
    for (const { path, operation } of routes) {
      for (const status of Object.keys(operation.responses).map(Number)) {
        assert.ok(status < 400 || statuses.has(status), `${path} ${status}`);
      }
    }
  });

  it('shows a submit as it is validated, down to every limit', () => {
    const shown = JSON.parse(JSON.stringify(description.components.schemas['Submit'])) as {
      properties: Record<string, object>;
      additionalProperties: boolean;
    };
    assert.equal(shown.additionalProperties, false);
    assert.deepEqual(Object.keys(shown.properties), Object.keys(SubmitBody.properties));
    const validator = Compile(SubmitBody);
    for (const example of (shown as { examples?: unknown[] }).examples ?? []) assert.ok(validator.Check(example));
    const { maximum, minimum } = shown.properties['priority'] as { maximum: number; minimum: number };
    assert.deepEqual([minimum, maximum], [-1_000_000, 1_000_000]);
  });

  it('has none of our own keywords and nothing that is not JSON', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(description)), description);
    for (const object of everyObject(description)) {
      assert.ok(!('x-must' in object) && !('$id' in object), JSON.stringify(object).slice(0, 200));
    }
  });
});
