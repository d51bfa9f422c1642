// The table of contents of what a store must do.
import type { Theme } from './suite.ts';
import { cancelAndRevive } from './themes/cancel-revive.ts';
import { claim } from './themes/claim.ts';
import { drainedNodes } from './themes/drained-nodes.ts';
import { leases } from './themes/leases.ts';
import { lifecycle } from './themes/lifecycle.ts';
import { limits } from './themes/limits.ts';
import { listSpans } from './themes/list-spans.ts';
import { locks } from './themes/locks.ts';
import { logs } from './themes/logs.ts';
import { outbox } from './themes/outbox.ts';
import { outcomes } from './themes/outcomes.ts';
import { purge } from './themes/purge.ts';
import { races } from './themes/races.ts';
import { reads } from './themes/reads.ts';
import { signals } from './themes/signals.ts';
import { submit } from './themes/submit.ts';
import { time } from './themes/time.ts';
import { together } from './themes/together.ts';
import { waits } from './themes/waits.ts';

export const THEMES: readonly Theme[] = [
  lifecycle,
  submit,
  claim,
  together,
  leases,
  outcomes,
  cancelAndRevive,
  waits,
  limits,
  races,
  reads,
  listSpans,
  drainedNodes,
  outbox,
  purge,
  locks,
  logs,
  signals,
  time,
];
