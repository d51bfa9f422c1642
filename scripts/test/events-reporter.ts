// A node:test reporter that writes what happened as one JSON value per line, for `file-run.ts` to count.
import type { TestEvent } from 'node:test/reporters';

export type Happened =
  | { readonly kind: 'began' | 'passed' | 'failed'; readonly name: string; readonly depth: number }
  | { readonly kind: 'skipped'; readonly name: string; readonly depth: number; readonly why: string }
  | { readonly kind: 'said'; readonly text: string };

const OWN_SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    const happened = translate(event);
    if (happened !== null) yield `${JSON.stringify(happened)}\n`;
  }
}

function translate(event: TestEvent): Happened | null {
  switch (event.type) {
    case 'test:dequeue':
      return { kind: 'began', name: event.data.name, depth: event.data.nesting };
    case 'test:pass': {
      const { name, nesting: depth, skip, todo, details } = event.data;
      if (skip !== undefined) return { kind: 'skipped', name, depth, why: skip === true ? '' : String(skip) };
      // A test that is still to be written proves nothing yet.
      if (todo !== undefined) return { kind: 'skipped', name, depth, why: 'to do' };
      return details.type === 'suite' ? null : { kind: 'passed', name, depth };
    }
    case 'test:fail': {
      const { name, nesting: depth, details } = event.data;
      // A suite whose tests failed has been counted with them; one whose hook failed has not.
      if (details.type === 'suite' && failureType(details.error) === 'subtestsFailed') return null;
      return { kind: 'failed', name, depth };
    }
    case 'test:diagnostic':
      return OWN_SUMMARY.test(event.data.message) ? null : { kind: 'said', text: event.data.message };
    default:
      return null;
  }
}

function failureType(error: unknown): unknown {
  return error instanceof Error && 'failureType' in error ? error.failureType : undefined;
}
