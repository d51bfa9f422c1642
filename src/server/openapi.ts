// The API description (OpenAPI 3.1), made from the route table and the schemas that validate.
import type { TProperties, TSchema } from 'typebox';
import { API_ERRORS, type ApiErrorCode } from '../domain/errors.ts';
import { PROBLEM_MEDIA_TYPE } from '../protocol/problem.ts';
import { Problem } from '../protocol/schemas/problem.ts';
import type { DocumentedAnswer, Method, Route } from './route.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
type JsonObject = { readonly [name: string]: Json };

/** The whole description. Depends on nothing but its arguments, so that it can be written to a file and compared. */
export function openApiOf(routes: readonly Route[], version: string): JsonObject {
  const components = new Map<string, Json>();
  const schemaOf = (schema: TSchema): Json => referenced(schema, components);
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operationOf(route, schemaOf);
  }
  schemaOf(Problem);
  return {
    openapi: '3.1.0',
    info: {
      title: 'XQueue',
      version,
      description:
        'A distributed task queue. JSON is `snake_case`, times are RFC 3339 UTC with milliseconds, durations are seconds.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: ['Tasks', 'Concurrency', 'Cluster', 'Health'].map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'Needed when the server has `auth.keys`' },
      },
    },
  };
}

function operationOf(route: Route, schemaOf: (schema: TSchema) => Json): Json {
  const parameters = [
    ...parametersOf('path', route.pathMembers, schemaOf),
    ...parametersOf('query', route.queryMembers, schemaOf),
    ...Object.entries(route.headers ?? {}).map(([name, { description, schema }]) => ({
      name,
      in: 'header',
      description,
      schema: schemaOf(schema),
    })),
  ];
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    // An empty requirement: a server without keys asks for none.
    security: route.scope === 'open' ? [] : [{}, { key: [] }],
    ...(route.scope === 'open' ? {} : { 'x-scope': route.scope }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: route.body.presence !== 'optional',
            content: { 'application/json': { schema: schemaOf(route.body.schema) } },
          },
        }),
    responses: responsesOf(route, schemaOf),
  };
}

/** `GET /api/v1/tasks/{id}/events` is `getTasksByIdEvents`. */
function operationId({ method, path }: { readonly method: Method; readonly path: string }): string {
  const words = path
    .replace('/api/v1', '')
    .split('/')
    .filter((part) => part !== '')
    .map((part) => part.replace(/^\{(.)(.*)\}$/, (_, first: string, rest: string) => `By${first.toUpperCase()}${rest}`))
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1));
  return method.toLowerCase() + words.join('');
}

function parametersOf(
  place: 'path' | 'query',
  members: TProperties,
  schemaOf: (schema: TSchema) => Json,
): JsonObject[] {
  return Object.entries(members).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path',
    ...('description' in schema ? { description: String(schema.description) } : {}),
    schema: schemaOf(schema),
  }));
}

function responsesOf(route: Route, schemaOf: (schema: TSchema) => Json): JsonObject {
  const responses: Record<string, Json> = {};
  for (const [status, codes] of commonRefusals(route)) {
    responses[status] = refusalOf(codes.map((code) => API_ERRORS[code].title).join(', or '), codes, schemaOf);
  }
  for (const [status, answer] of Object.entries(route.answers)) {
    responses[status] =
      Number(status) >= 400 && answer.schema === undefined
        ? refusalOf(answer.description, [], schemaOf)
        : answerOf(answer, schemaOf);
  }
  return responses;
}

/** What every route of this kind may answer beside its own answers. */
export function commonRefusals(route: Route): Map<number, ApiErrorCode[]> {
  const refusals = new Map<number, ApiErrorCode[]>();
  const add = (code: ApiErrorCode): void => {
    const { status } = API_ERRORS[code];
    refusals.set(status, [...(refusals.get(status) ?? []), code]);
  };
  const readsInput = route.unknownQuery !== 'ignore';
  if (readsInput) add('invalid_request');
  if (route.body !== undefined) add('malformed_json');
  if (route.scope !== 'open') {
    add('unauthorized');
    add('forbidden');
  }
  add('foreign_origin');
  if (route.method !== 'GET') {
    add('payload_too_large');
    add('unsupported_media_type');
  }
  if (route.store !== 'does not ask') add('store_unavailable');
  return refusals;
}

function refusalOf(description: string, codes: readonly ApiErrorCode[], schemaOf: (schema: TSchema) => Json): Json {
  const isBusy = codes.some((code) => API_ERRORS[code].status === 503);
  return {
    description,
    ...(isBusy ? { headers: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } } } : {}),
    content: { [PROBLEM_MEDIA_TYPE]: { schema: schemaOf(Problem) } },
  };
}

function answerOf(answer: DocumentedAnswer, schemaOf: (schema: TSchema) => Json): Json {
  const headers = Object.entries(answer.headers ?? {}).map(([name, { description, schema }]) => [
    name,
    { description, schema: schemaOf(schema) },
  ]);
  const content =
    answer.schema === undefined
      ? answer.media === undefined
        ? {}
        : { content: { [answer.media]: { schema: { type: 'string' } } } }
      : { content: { 'application/json': { schema: schemaOf(answer.schema) } } };
  return {
    description: answer.description,
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) as JsonObject }),
    ...content,
  };
}

/** A schema with an `$id` stands under `components` once and is referred to everywhere else. */
function referenced(schema: TSchema, components: Map<string, Json>): Json {
  const id = '$id' in schema ? String(schema.$id) : null;
  if (id === null) return plain(schema, components) ?? {};
  if (!components.has(id)) {
    components.set(id, {});
    components.set(id, plain(schema, components) ?? {});
  }
  return { $ref: `#/components/schemas/${id}` };
}

/** Plain JSON without our own keywords. */
function plain(value: unknown, components: Map<string, Json>): Json {
  if (Array.isArray(value)) return value.map((item) => nested(item, components));
  if (typeof value !== 'object' || value === null) return value as Json;
  const members = Object.entries(value).filter(([name]) => name !== '$id' && name !== 'x-must');
  return Object.fromEntries(members.map(([name, member]) => [name, nested(member, components)]));
}

function nested(value: unknown, components: Map<string, Json>): Json {
  return typeof value === 'object' && value !== null && '$id' in value
    ? referenced(value, components)
    : plain(value, components);
}
