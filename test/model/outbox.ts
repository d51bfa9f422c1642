// The outbox: one entry per step that changed something, with the events in the order they happened.
import type { OutboxEntry } from '../../src/ports/outbox.ts';
import type { ModelState } from './state.ts';

/** Keeps what the step produced. Says whether it was anything. */
export function write(state: ModelState): 'wrote' | 'nothing' {
  if (state.events.length === 0) return 'nothing';
  state.outbox.push({ position: ++state.position, events: state.events });
  state.events = [];
  return 'wrote';
}

export function read(state: ModelState, after: string | null, limit: number): OutboxEntry[] {
  return state.outbox
    .filter(({ position }) => after === null || position > Number(after))
    .slice(0, limit)
    .map(({ position, events }) => ({ position: String(position), events: () => structuredClone(events) }));
}

export function trim(state: ModelState, upTo: string): void {
  state.outbox = state.outbox.filter(({ position }) => position > Number(upTo));
}
