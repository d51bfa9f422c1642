// What must have happened at least once before the differential test may call itself passed: every operation with every
// answer it can give. A random history that never got there would prove nothing about it.
import assert from 'node:assert/strict';
import { PENDING_REASONS, STATUSES } from '../../src/domain/task.ts';

const REQUIRED: readonly string[] = [
  ...['created', 'exists', 'replayed', 'conflict'].map((state) => `submit: ${state}`),
  ...['some', 'none', 'fewer than asked', 'asked twice'].map((answer) => `claim: ${answer}`),
  ...['held', 'lost', 'cancel requested', 'no leases'].map((answer) => `heartbeat: ${answer}`),
  ...['succeed', 'fail', 'retry', 'release', 'recover', 'cancel'].flatMap((kind) => [
    `settle ${kind}: settled`,
    `settle ${kind}: lease_lost`,
  ]),
  'settle: turned into cancel',
  'settle: handler still running',
  'settle: by sweeper',
  'settle: sent twice',
  'settle: an old settlement again',
  'settle: into retry backoff',
  'release: of a draining slot',
  'release: of a draining slot, with a token nobody was given',
  'release: of a held lease',
  ...['recorded', 'lease_lost'].map((state) => `progress: ${state}`),
  ...['canceled', 'cancel_requested', 'already_canceled', 'already_finished', 'not_found'].map((s) => `cancel: ${s}`),
  ...['revived', 'not_retryable', 'not_found'].map((state) => `revive: ${state}`),
  ...['promoted', 'timed out', 'nothing to wait for', 'something to wait for'].map(
    (answer) => `sweepTimers: ${answer}`,
  ),
  ...['none', 'lost', 'past its deadline'].map((answer) => `lostLeases: ${answer}`),
  ...['some', 'none'].map((answer) => `purge: ${answer}`),
  ...['report', 'repair'].map((mode) => `audit: clean, ${mode}`),
  ...['found', 'null'].map((answer) => `get: ${answer}`),
  ...['some', 'none', 'more than the page', 'children', 'of a span of time'].map((answer) => `list: ${answer}`),
  'stats: read',
  'stats: purged',
  ...['none', 'operator', 'task', 'full', 'waiting'].map((answer) => `concurrency: ${answer}`),
  ...['live', 'silent', 'draining', 'asked to drain'].map((answer) => `nodes: ${answer}`),
  ...['a number', '0', 'null'].map((max) => `setLimit: ${max}`),
  ...['drain', 'work'].flatMap((wish) => [`setDrain ${wish}: done`, `setDrain ${wish}: not_found`]),
  'forgetNode: done',
  'reportNode: done',
  ...['status', 'progress'].map((kind) => `outbox: ${kind}`),
  'outbox: trimmed',
  ...['held', 'refused', 'already mine'].map((answer) => `acquire: ${answer}`),
  ...['held', 'lost'].map((answer) => `renew: ${answer}`),
  'releaseHold: done',
  ...['recorded', 'lease_lost', 'some', 'none', 'of nobody', 'as many as are kept', 'cut by their bytes'].map(
    (answer) => `logs: ${answer}`,
  ),
  ...['before it started', 'while running'].flatMap((when) => [
    `canceled ${when}: with a reason`,
    `canceled ${when}: without`,
  ]),
  ...['forwards', 'to the next deadline', 'back', 'a long pause'].map((how) => `time: ${how}`),
  ...STATUSES.map((status) => `a task was ${status}`),
  ...PENDING_REASONS.map((reason) => `a task waited: ${reason}`),
];

export class Coverage {
  readonly #seen = new Set<string>();

  saw(what: string): void {
    this.#seen.add(what);
  }

  missing(): string[] {
    return REQUIRED.filter((what) => !this.#seen.has(what));
  }

  check(): void {
    const unknown = [...this.#seen].filter((what) => !REQUIRED.includes(what));
    assert.deepEqual(unknown, [], 'everything that is counted is also required');
    assert.deepEqual(this.missing(), [], 'never happened in any history: these were not tested');
  }
}
