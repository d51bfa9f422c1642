// One entry of the route table: how it is reached, who may call it, what it takes, what it answers, and what it does.
// The server and the API description are both made from these entries, so neither can know a route the other does not.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox';
import type { Fault } from '../domain/errors.ts';
import { type QueryText, queryReader } from '../protocol/query.ts';
import { type Parsed, pointer, validatorOf } from '../protocol/validate.ts';
import type { Answer, Headers, TAKEN_OVER } from './answer.ts';
import type { Principal, Scope } from './permissions.ts';
import type { Services } from './services.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A JSON body that was read; `value` is the parsed `text`. */
export interface JsonBody {
  readonly text: string;
  readonly value: unknown;
}

/** A request as a route sees it. */
export interface Call<Path = unknown, Query = unknown> {
  readonly path: Path;
  readonly query: Query;
  /** `null` for routes that take none, and where an optional one was left out. */
  readonly body: JsonBody | null;
  readonly principal: Principal;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Leaves the connection to the route; it must answer by itself and return `TAKEN_OVER`. Answers the headers to send. */
  takeOver(): Headers;
}

export type Outcome = Answer | typeof TAKEN_OVER;

/** What a status code means on this route. */
export interface DocumentedAnswer {
  readonly description: string;
  /** JSON of this shape; left out: no body, or `media` says what it is. */
  readonly schema?: TSchema;
  readonly media?: string;
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: TSchema }>>;
}

interface Description {
  readonly method: Method;
  /** As in OpenAPI: `/api/v1/tasks/{id}`. */
  readonly path: string;
  /** `open`: no key needed. */
  readonly scope: Scope | 'open';
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly body?: {
    readonly schema: TSchema;
    readonly description?: string;
    /** Default `required`. */
    readonly presence?: 'required' | 'optional';
  };
  /** Request headers it looks at. */
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: TSchema }>>;
  /** Its own answers; those every route may give (401, 413 ...) are added from what it is. */
  readonly answers: Readonly<Record<number, DocumentedAnswer>>;
  /** Whether it asks the store, and so can answer 503; default `asks`. */
  readonly store?: 'asks' | 'does not ask';
  /** What a path value that cannot name anything answers; default `invalid_request`. */
  readonly badPath?: 'invalid_request' | 'task_not_found';
  /** What to do with query parameters it does not know; default `refuse`. */
  readonly unknownQuery?: 'refuse' | 'ignore';
}

export interface RouteDefinition<Path extends TProperties, Query extends TProperties> extends Description {
  readonly pathMembers?: Path;
  readonly queryMembers?: Query;
  handle(call: Call<Static<TObject<Path>>, Static<TObject<Query>>>, services: Services): Outcome | Promise<Outcome>;
}

export interface Route extends Description {
  readonly pathMembers: TProperties;
  readonly queryMembers: TProperties;
  readQuery(query: QueryText): Parsed<unknown>;
  readPath(path: unknown): Parsed<unknown>;
  handle(call: Call, services: Services): Outcome | Promise<Outcome>;
}

const NOTHING: Parsed<unknown> = { ok: true, value: {} };

export function route<Path extends TProperties = TProperties, Query extends TProperties = TProperties>(
  definition: RouteDefinition<Path, Query>,
): Route {
  const { pathMembers = {}, queryMembers = {}, ...description } = definition;
  const readQuery = queryReader(Type.Object(queryMembers, { additionalProperties: false }));
  const path = validatorOf(Type.Object(pathMembers));
  const takesPath = Object.keys(pathMembers).length > 0;
  return {
    ...description,
    pathMembers,
    queryMembers,
    readQuery: (query) =>
      definition.unknownQuery === 'ignore' || isEmpty(query, queryMembers) ? NOTHING : readQuery(query),
    readPath: (value) => {
      if (!takesPath || path.check(value)) return { ok: true, value };
      return { ok: false, faults: path.faults(value) };
    },
    // The readers above have checked what the handler is promised.
    handle: (call, services) =>
      definition.handle(call as Call<Static<TObject<Path>>, Static<TObject<Query>>>, services),
  };
}

function isEmpty(query: QueryText, members: TProperties): boolean {
  return query.pairs.length === 0 && query.malformed.length === 0 && Object.keys(members).length === 0;
}

/** A fault of a request header. */
export function headerFault(name: string, message: string): Fault {
  return { path: pointer('', name), message };
}
