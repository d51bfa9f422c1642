// What nodes do with tasks: claim them, keep them, end them.
import type { Outcome } from '../../domain/outcome.ts';
import { STATUSES } from '../../domain/task.ts';
import type {
  Claimed,
  ClaimRequest,
  HeartbeatReply,
  HeartbeatRequest,
  LeaseRef,
  LostLease,
  ProgressReply,
  ProgressReport,
  Settlement,
  SettleReply,
  StoreSettings,
} from '../../ports/task-store.ts';
import { ATTEMPT_NUMBERS } from './attempts.ts';
import { Reader, Writer } from './bytes.ts';
import { bytes, doubles, text } from './calls.ts';
import type { FirstClaims } from './first-claims.ts';
import { ID_BYTES, isAnIdTwice, refsBytes, TOKEN_BYTES, writeId, writeToken } from './ids.ts';
import { APART_BYTES_MIN } from './layout.ts';
import type { RedisArg, RedisReply } from './link.ts';
import { inPages, PAGE, requestOfPage } from './pages.ts';
import { SettlementRuns } from './settlement-runs.ts';
import type { Shard } from './shard.ts';
import { readViews } from './views.ts';

/** @param comeAgain called when there may be more than it takes */
export async function claim(
  shard: Shard,
  { requestId, nodeId, types, count }: ClaimRequest,
  { settings, firsts, comeAgain }: ClaimParts,
): Promise<Claimed[]> {
  const claimed: Claimed[] = [];
  for (let left = count, page = 0; ; page++) {
    const request = requestOfPage(requestId, page);
    const wanted = Math.min(PAGE.claim, left);
    const { now, values } = await shard.step('claim', { request, node: nodeId, count: wanted, types });
    for (const one of claimedIn(values, { now, nodeId, settings, firsts })) claimed.push(one);
    // Of a claim that is asked again, what is held no longer counts as well: nothing new is taken in its place.
    const taken = Number(values[2]);
    const isMore = Number(values[3]) === 1;
    left -= taken;
    if (left <= 0 || (taken < wanted && !isMore)) return claimed;
    if (isMore && page === CUT_PAGES_MAX) {
      // What it has got must not wait for the last lane of very many.
      comeAgain();
      return claimed;
    }
  }
}

/** A task that was new before has this version; one that has a past has a larger one. */
const FIRST_CLAIM_VERSION = 2;

/** So many more calls for one claim whose tasks are scattered over many lanes, or lie among many that waited too long. */
const CUT_PAGES_MAX = 20;

interface ClaimParts {
  readonly settings: StoreSettings;
  readonly firsts: FirstClaims;
  readonly comeAgain: () => void;
}

interface ClaimFacts {
  readonly now: number;
  readonly nodeId: string;
  readonly settings: StoreSettings;
  readonly firsts: FirstClaims;
}

function claimedIn(values: readonly RedisReply[], { now, nodeId, settings, firsts }: ClaimFacts): Claimed[] {
  // Given only when the claim was made before and its leases may have been renewed since.
  const ends = doubles(values[0]);
  const tokens = tokensIn(bytes(values[4] ?? ''));
  const isNew = tokens.length > 0;
  const claimOf = (index: number) => ({ token: tokens[index] ?? 0, startedAt: now, completedAt: 0, worker: nodeId });
  return readViews(values[1], isNew ? claimOf : undefined).map(({ task, token, seq, group }, index) => {
    if (isNew && task.version === FIRST_CLAIM_VERSION) firsts.add(token, seq, group);
    const { id, startedAt, processTimeoutMs } = task;
    const deadline = processTimeoutMs === 0 ? null : (startedAt ?? now) + processTimeoutMs;
    const lastEnd = deadline === null ? Number.POSITIVE_INFINITY : deadline + settings.cancelGraceMs;
    const expiresAt = ends[index] ?? Math.min(now + settings.leaseMs, lastEnd);
    const processRemainingMs = deadline === null ? null : deadline - now;
    return { task, lease: { id, token, expiresAt, remainingMs: expiresAt - now, processRemainingMs } };
  });
}

/** Of each batch the first token, and how many follow each other. */
function tokensIn(batches: Buffer): number[] {
  const tokens: number[] = [];
  for (const from = new Reader(batches); !from.isAtEnd; ) {
    const first = from.token();
    const count = from.uint(2);
    for (let n = 0; n < count; n++) tokens.push(first + n);
  }
  return tokens;
}

export function heartbeat(shard: Pick<Shard, 'step'>, { nodeId, leases }: HeartbeatRequest): Promise<HeartbeatReply[]> {
  // A node that holds nothing is heard of as well.
  if (leases.length <= PAGE.heartbeat) return beat(shard, nodeId, leases);
  return inPages(leases, PAGE.heartbeat, (page) => beat(shard, nodeId, page));
}

async function beat(
  shard: Pick<Shard, 'step'>,
  nodeId: string,
  leases: readonly LeaseRef[],
): Promise<HeartbeatReply[]> {
  const { now, values } = await shard.step('heartbeat', { node: nodeId, refs: refsBytes(leases) });
  const ends = doubles(values[0]);
  const reasons = new Reader(bytes(values[2] ?? ''));
  return Array.from(text(values[1] ?? ''), (letter, index): HeartbeatReply => {
    if (letter === 'l') return { state: 'lost' };
    const cancelRequested = letter === 'c';
    const cancelReason = cancelRequested ? reasons.text(2) : '';
    const why = cancelReason === '' ? {} : { cancelReason };
    return { state: 'held', remainingMs: (ends[index] ?? now) - now, cancelRequested, ...why };
  });
}

const OUTCOME_LETTERS = { succeed: 's', fail: 'f', retry: 'r', release: 'l', recover: 'v', cancel: 'c' } as const;

export function settle(shard: Shard, batch: readonly Settlement[], firsts: FirstClaims): Promise<SettleReply[]> {
  return inPages(batch, PAGE.settle, (page) => settlePage(shard, page, firsts));
}

async function settlePage(shard: Shard, batch: readonly Settlement[], firsts: FirstClaims): Promise<SettleReply[]> {
  const ids = Buffer.allocUnsafe(batch.length * ID_BYTES);
  const tokens = Buffer.allocUnsafe(batch.length * TOKEN_BYTES);
  const runs = new SettlementRuns(batch.length);
  const settlements: RedisArg[] = [];
  let kinds = '';
  for (const [index, settlement] of batch.entries()) {
    writeId(ids, settlement.id, index * ID_BYTES);
    writeToken(tokens, settlement.token, index * TOKEN_BYTES);
    const kind = kindOf(settlement);
    kinds += kind;
    runs.add(kind, firsts.get(settlement.token));
    pushArgs(settlement, settlements);
  }
  const twice = isAnIdTwice(batch, ({ id }) => id) ? 1 : 0;
  const groups = { groupCount: runs.groups.length, args: [...runs.groups, ...settlements] };
  const { values } = await shard.step('settle', { ids, tokens, kinds, runs: runs.done(), twice, ...groups });
  return Array.from(text(values[0] ?? ''), (letter): SettleReply => {
    if (letter === 'l') return { state: 'lease_lost' };
    return { state: 'settled', status: STATUSES[Number(letter)] ?? 'failed' };
  });
}

/** What nearly every settlement is, success by the holder, is told by a letter: without (s) or with a result (r). */
function kindOf({ outcome, by, handler }: Settlement): 's' | 'r' | 'x' {
  if (outcome.kind !== 'succeed' || by !== 'holder' || handler !== 'ended') return 'x';
  if (outcome.result === null) return 's';
  return Buffer.byteLength(outcome.result) < APART_BYTES_MIN ? 'r' : 'x';
}

function pushArgs(settlement: Settlement, into: RedisArg[]): void {
  const { outcome, by, handler } = settlement;
  const kind = kindOf(settlement);
  if (kind === 's') return;
  const { attempt, code, error, result } = detailsOf(outcome);
  if (kind === 'x') {
    const packed = new Writer(64);
    packed.raw(Buffer.from(OUTCOME_LETTERS[outcome.kind] + by.charAt(0) + handler.charAt(0)));
    packed.double(outcome.kind === 'retry' ? outcome.delayMs : 0);
    into.push(packed.uint(attempt, 1).text(code, 1).text(error, 2).done());
  }
  into.push(result);
}

function detailsOf(outcome: Outcome): { attempt: number; code: string; error: string; result: string } {
  switch (outcome.kind) {
    case 'succeed':
      return { attempt: 0, code: '', error: '', result: outcome.result ?? '' };
    case 'fail':
    case 'retry':
      return {
        attempt: ATTEMPT_NUMBERS[outcome.attempt],
        code: outcome.errorCode,
        error: outcome.error,
        result: '',
      };
    case 'recover':
      return { attempt: 0, code: '', error: outcome.error, result: '' };
    case 'release':
    case 'cancel':
      return { attempt: 0, code: '', error: '', result: '' };
  }
}

export async function release(shard: Shard, batch: readonly LeaseRef[]): Promise<void> {
  await inPages(batch, PAGE.settle, async (page) => {
    await shard.step('release', { refs: refsBytes(page) });
    return [];
  });
}

export function progress(shard: Shard, batch: readonly ProgressReport[], request: string): Promise<ProgressReply[]> {
  return inPages(batch, PAGE.progress, (page, number) => progressPage(shard, page, requestOfPage(request, number)));
}

async function progressPage(shard: Shard, batch: readonly ProgressReport[], request: string): Promise<ProgressReply[]> {
  const values = batch.map((report) => report.progress);
  const reply = await shard.step('progress', { request, refs: refsBytes(batch), values });
  return Array.from(text(reply.values[0] ?? ''), (letter): ProgressReply => {
    return { state: letter === 'r' ? 'recorded' : 'lease_lost' };
  });
}

export async function lostLeases(shard: Shard, limit: number, settings: StoreSettings): Promise<LostLease[]> {
  const { values } = await shard.step('lost-leases', { limit: Math.min(limit, PAGE.lost) });
  const ends = doubles(values[0]);
  const heard = doubles(values[1]);
  return readViews(values[2]).map(({ task, token }, index) => {
    const { id, retry, maxRetry, recoveries, retryStrategy, processTimeoutMs, startedAt } = task;
    const deadline = (startedAt ?? 0) + processTimeoutMs;
    const lastedToTheEnd = (ends[index] ?? 0) >= deadline + settings.cancelGraceMs;
    // A node that fell silent before the deadline was lost; its handler may not have run too long.
    const nodeLived = (heard[index] ?? -1) >= deadline;
    return {
      id,
      token,
      workerId: task.workerId ?? '',
      pastDeadline: processTimeoutMs > 0 && lastedToTheEnd && nodeLived,
      facts: { retry, maxRetry, recoveries, retryStrategy, processTimeoutMs },
    };
  });
}
