// The auditor: looks, page by page, for what should be impossible. `report` looks at everything and recounts; `repair`
// looks only at what lives (waiting, running, slots), so that it stays cheap beside millions of ended tasks, and mends it.
// Each page is one step, so that work going on meanwhile is never taken for a fault.
import type { AuditFinding } from '../../ports/task-store.ts';
import { list, text } from './calls.ts';
import type { RedisArg, RedisReply } from './link.ts';
import { PAGE } from './pages.ts';
import type { Shard } from './shard.ts';

type Mode = 'report' | 'repair';

export async function audit(shard: Shard, mode: Mode): Promise<AuditFinding[]> {
  const findings: AuditFinding[] = [];
  const note = (reply: RedisReply | undefined): void => {
    for (const one of list(reply)) findings.push(findingOf(text(one), mode));
  };
  const types = await namesOf(shard, 'types');
  const lanes = await namesOf(shard, 'lanes', types);
  const pieces = await namesOf(shard, mode === 'report' ? 'pieces' : 'live');
  const codes = mode === 'report' ? 'all' : 'live';
  for (const chunk of pieces) {
    for (let part = 0; part < PAGE.parts; part++) {
      const { values } = await shard.read('audit-piece', { mode, codes, chunk, part, parts: PAGE.parts });
      note(values[0]);
    }
  }
  for (const { which, name } of indexesOf(types, await keyNames(shard))) {
    for (let cursor: string | null = '0'; cursor !== null; ) {
      const { values } = await shard.read('audit-index', { mode, which, name, cursor });
      note(values[0]);
      const next = text(values[1] ?? '0');
      cursor = next === '0' ? null : next;
    }
  }
  for (const name of lanes) {
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { values } = await shard.read('audit-spans', { mode, name, cursor });
      note(values[0]);
      cursor = text(values[1] ?? '') || null;
    }
  }
  // Last, when every task is where it belongs: then lanes can be judged by what is in them.
  for (let at = 0; at < lanes.length; at += LANES_PER_CALL) {
    const { values } = await shard.read('audit-lanes', { mode, names: lanes.slice(at, at + LANES_PER_CALL) });
    note(values[0]);
  }
  if (mode === 'report') findings.push(...(await recount(shard, pieces)));
  return findings;
}

const LANES_PER_CALL = 100;

interface Index {
  readonly which: 'delayed' | 'late' | 'leases' | 'lost' | 'drains' | 'slots';
  readonly name: RedisArg;
}

function indexesOf(types: readonly RedisArg[], keys: readonly RedisArg[]): Index[] {
  const whole = (['delayed', 'lost', 'drains'] as const).map((which): Index => ({ which, name: '' }));
  const ofType = types.flatMap((name) => (['late', 'leases'] as const).map((which): Index => ({ which, name })));
  return [...whole, ...ofType, ...keys.map((name): Index => ({ which: 'slots', name }))];
}

/** Names are bytes: those of lanes are no text. `more`: names to which they are added, each once. */
async function namesOf(
  shard: Shard,
  which: 'types' | 'lanes' | 'pieces' | 'live',
  more: readonly RedisArg[] = [],
): Promise<RedisArg[]> {
  const names = new Map(more.map((name) => [latin1(name), name]));
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { values } = await shard.read('audit-names', { which, cursor });
    for (const name of list(values[1])) names.set(latin1(name), asArg(name));
    cursor = text(values[0] ?? '') || null;
  }
  return [...names.values()];
}

async function keyNames(shard: Shard): Promise<RedisArg[]> {
  const names = new Map<string, RedisArg>();
  for (let cursor: string | null = '0'; cursor !== null; ) {
    const { values } = await shard.read('key-names', { which: 'keys', cursor });
    for (const name of list(values[1])) names.set(latin1(name), asArg(name));
    const next = text(values[0] ?? '0');
    cursor = next === '0' ? null : next;
  }
  return [...names.values()];
}

/** Counters against a recount. While tasks change meanwhile the two cannot be compared, and nothing is said. */
async function recount(shard: Shard, pieces: readonly RedisArg[]): Promise<AuditFinding[]> {
  const sums = new Map<string, number>();
  const { values: before } = await shard.read('audit-counts', { chunks: [] });
  for (let at = 0; at < pieces.length; at += PAGE.pieces) {
    const { values } = await shard.read('audit-counts', { chunks: pieces.slice(at, at + PAGE.pieces) });
    for (const [field, n] of pairs(values[2])) sums.set(field, (sums.get(field) ?? 0) + n);
  }
  const { values: after } = await shard.read('audit-counts', { chunks: [] });
  const mark = text(after[0] ?? '');
  if (mark !== text(before[0] ?? '')) return [];
  const counters = new Map(pairs(after[1]).filter(([field]) => /^\d/.test(field)));
  const found: AuditFinding[] = [];
  for (const field of new Set([...sums.keys(), ...counters.keys()])) {
    const [says, has] = [counters.get(field) ?? 0, sums.get(field) ?? 0];
    if (says !== has) found.push(finding('C1', `counter ${field} says ${says}, there are ${has}`));
  }
  const [accepted = 0, purged = 0] = mark.split(' ').map(Number);
  const kept = [...sums.values()].reduce((sum, n) => sum + n, 0);
  if (accepted !== kept + purged)
    found.push(finding('C1', `accepted ${accepted} is not ${kept} kept + ${purged} purged`));
  return found;
}

const finding = (invariant: string, detail: string): AuditFinding => ({ invariant, detail, repaired: false });

function findingOf(told: string, mode: Mode): AuditFinding {
  const newline = told.indexOf('\n');
  return { invariant: told.slice(0, newline), detail: told.slice(newline + 1), repaired: mode === 'repair' };
}

function pairs(reply: RedisReply | undefined): [string, number][] {
  const flat = list(reply);
  const found: [string, number][] = [];
  for (let at = 0; at < flat.length; at += 2) found.push([text(flat[at] ?? ''), Number(text(flat[at + 1] ?? 0))]);
  return found;
}

const latin1 = (name: RedisReply): string => (Buffer.isBuffer(name) ? name.toString('latin1') : text(name));
const asArg = (name: RedisReply): RedisArg => (Buffer.isBuffer(name) ? name : text(name));
