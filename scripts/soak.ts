// `npm run soak -- --minutes 30`: servers, workers and Redis as real processes, clients that submit without a pause, and
// all the while something is killed or frozen. Ends with the audit of the fault tests. Exit code 1 when anything was lost,
// ended twice, or did not recover.
//
//   --minutes 30   how long faults happen
//   --seed 1       the same random choices again
//   --every 8      seconds between two faults, on average

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/adapters/clock/system-clock.ts';
import { openRedisStore } from '../src/adapters/redis/open.ts';
import { SETTINGS } from '../test/conformance/builders.ts';
import { Chance } from '../test/differential/chance.ts';
import { Load, type TaskBody } from '../test/faults/load.ts';
import { allFinal, freePort } from '../test/faults/rig.ts';
import { audit } from '../test/faults-redis/audit.ts';
import { Cluster, type Member } from '../test/faults-redis/cluster.ts';
import { doFault, type Recovery, randomFault } from './soak/faults.ts';
import { EventFollower } from './soak/follow-events.ts';
import { RunTail } from './soak/run-tail.ts';

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
    every: { type: 'string', default: '8' },
  },
});
const minutes = Number(flags.minutes);
const everyMs = Number(flags.every) * 1000;
const chance = new Chance(Number(flags.seed));
/** As long as a slow failover or a disk that stands still. */
const LONG_FREEZE_MS = 60_000;
/** Shorter runs leave it out. */
const LONG_FREEZE_FROM_MINUTES = 4;
const END_MS_MAX = 120_000;

const startedAt = performance.now();
const minutesNow = (): number => (performance.now() - startedAt) / 60_000;
const say = (line: string): void => void process.stdout.write(`${minutesNow().toFixed(2).padStart(6)} ${line}\n`);
const ends: (() => unknown)[] = [];
const t = { after: (end: () => unknown) => void ends.push(end) };

let failed = false;
try {
  await soak();
} catch (error) {
  failed = true;
  process.stdout.write(`FAILED with --seed ${flags.seed}: ${error instanceof Error ? error.stack : String(error)}\n`);
} finally {
  for (const end of ends.reverse()) await end();
}
process.exitCode = failed ? 1 : 0;

async function soak(): Promise<void> {
  say(`seed ${flags.seed}, ${minutes} minutes, a fault every ${everyMs / 1000} s or so`);
  const cluster = await Cluster.start(t, { args: ['--mqtt-broker', 'off', '--queue-shutdown-grace', '5s'] });
  const port = await freePort();
  const start = (name: string): Promise<Member> =>
    name.startsWith('s')
      ? cluster.server(name, ...(name === 's0' ? ['--server-port', String(port)] : []))
      : cluster.worker(name);
  for (const name of ['s0', 's1', 'w0', 'w1', 'w2']) await start(name);
  const store = await openRedisStore({ addr: cluster.redis.addr, settings: SETTINGS, clock: systemClock });
  t.after(() => store.close());
  const follower = new EventFollower(store);
  const tail = new RunTail(cluster.folder);
  const url = `http://127.0.0.1:${port}/api/v1`;
  const load = new Load({ t, url, chance: new Chance(chance.below(2 ** 32)), connections: 4, pauseMs: 200, next });

  const recoveries = await faults({ cluster, chance, tail, say, revive: start });
  await load.stop();
  say(`no more faults; waiting for every one of ${load.accepted.size} accepted tasks to end`);
  const counts = await allFinal(url, load.accepted.size, END_MS_MAX);
  await follower.end();
  await store.close();
  say('audit');
  const { tasks } = await audit(cluster, { accepted: load.accepted, state: 'all final', history: 'trimmed' });

  const again = tasks.filter(({ attempts }) => attempts.some(({ outcome }) => outcome === 'lost')).length;
  say(`accepted ${load.accepted.size}; ended ${JSON.stringify(counts)}; ran again after a loss ${again}`);
  say(`refused with 503 ${load.refused}, calls without an answer ${load.inDoubt}; events ${follower.events}`);
  for (const line of summary(recoveries)) say(line);
  const odd = counts.success === load.accepted.size ? [] : ['not every accepted task succeeded'];
  const findings = [...follower.findings, ...odd];
  if (findings.length > 0) throw new Error(`${findings.length} findings:\n${findings.slice(0, 20).join('\n')}`);
  say('lost 0, ended twice 0');
}

async function faults(scene: Parameters<typeof doFault>[1]): Promise<Recovery[]> {
  const recoveries: Recovery[] = [];
  let isLongFreezeDue = minutes >= LONG_FREEZE_FROM_MINUTES;
  while (minutesNow() < minutes) {
    await sleep(everyMs * (0.5 + chance.below(1000) / 1000));
    if (isLongFreezeDue && minutesNow() > minutes * 0.4) {
      isLongFreezeDue = false;
      recoveries.push(await doFault('freeze Redis', scene, LONG_FREEZE_MS));
    } else {
      recoveries.push(await doFault(randomFault(chance), scene));
    }
  }
  return recoveries;
}

/** What users submit: mostly short, some with a limit, some late, some that fail at first. */
function next(of: Chance): TaskBody {
  switch (of.weighted({ quick: 4, sleepy: 3, keyed: 3, reporting: 1, flaky: 1, late: 1 })) {
    case 'quick':
      return { type: 'quick', priority: of.between(-2, 2) };
    case 'sleepy':
      return { type: 'sleepy', payload: { ms: of.below(1500) } };
    case 'keyed':
      return { type: 'sleepy', payload: { ms: of.below(40) }, concurrency_key: `k${of.below(4)}`, max_concurrency: 3 };
    case 'reporting':
      return { type: 'reporting', payload: { ms: of.below(100) } };
    case 'flaky':
      return { type: 'flaky', payload: { fails: 1 }, max_retry: 3, retry_strategy: { type: 'fixed', delay: 0.2 } };
    case 'late':
      return { type: 'quick', delay: of.below(2000) / 1000 };
  }
}

function summary(recoveries: readonly Recovery[]): string[] {
  const kinds = [...new Set(recoveries.map(({ fault }) => fault))].sort((a, b) => (a < b ? -1 : 1));
  return kinds.map((kind) => {
    const all = recoveries.flatMap(({ fault, ms }) => (fault === kind ? [ms] : [])).sort((a, b) => a - b);
    const middle = all[Math.floor(all.length / 2)] ?? 0;
    return `${kind}: ${all.length} times, work went on after ${middle} ms (median), ${all.at(-1)} ms (longest)`;
  });
}
