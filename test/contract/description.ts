// The served API description as tests use it: what may be answered where, and whether an answer is that.
import { Compile } from 'typebox/schema';

interface MediaType {
  readonly schema: object;
}

export interface DocumentedResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly schema: object }>>;
  readonly content?: Readonly<Record<string, MediaType>>;
}

export interface Operation {
  readonly operationId: string;
  readonly 'x-scope'?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: object;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

export interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export function routesOf(description: Description): Route[] {
  return Object.entries(description.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** What is wrong with an answer by the description; empty when nothing is. */
export function answerChecker(description: Description) {
  const checks = new Map<object, (value: unknown) => boolean>();
  const fits = (schema: object, value: unknown): boolean => {
    const check =
      checks.get(schema) ??
      (() => {
        // Its references point into the description, so it is judged as a part of one.
        const compiled = Compile({ ...schema, components: description.components });
        return (given: unknown) => compiled.Check(given);
      })();
    checks.set(schema, check);
    return check(value);
  };

  return (
    route: Route,
    answer: { readonly status: number; readonly headers: Headers; readonly text: string },
  ): string[] => {
    const documented = route.operation.responses[String(answer.status)];
    if (documented === undefined) return [`${answer.status} is not documented`];
    const problems: string[] = [];
    for (const [name, { schema }] of Object.entries(documented.headers ?? {})) {
      const value = answer.headers.get(name);
      const isNumber = 'type' in schema && schema.type === 'integer';
      if (value === null || !fits(schema, isNumber ? Number(value) : value)) problems.push(`header ${name}: ${value}`);
    }
    const [media, content] = Object.entries(documented.content ?? {})[0] ?? [];
    const type = answer.headers.get('content-type');
    if (media === undefined || content === undefined) {
      if (answer.text !== '') problems.push(`has a body: ${answer.text.slice(0, 100)}`);
    } else if (type?.startsWith(media) !== true) problems.push(`is ${type}, not ${media}`);
    else if (media.endsWith('json') && !fits(content.schema, JSON.parse(answer.text))) {
      problems.push(`does not fit its schema: ${answer.text.slice(0, 500)}`);
    }
    return problems;
  };
}
