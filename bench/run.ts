// `npm run bench`: measures XQueue, alone and side by side with its peers, and prints a table.
//
//   npm run bench                     every scenario but `peers`
//   npm run bench -- --only life      one scenario (may be given several times)
//   npm run bench -- --runs 9 --json  more rounds, JSON on standard output
//   npm run bench:peers               the scenario `peers`
//
// It is no test: it judges nothing, and what it says depends on the machine. Ratios of one run are what can be compared.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Scenario } from './harness/scenario.ts';
import { isMet, tableOf } from './harness/table.ts';
import { cluster } from './scenarios/cluster.ts';
import { console as openConsole } from './scenarios/console.ts';
import { consolePage } from './scenarios/console-page.ts';
import { fullKey } from './scenarios/full-key.ts';
import { httpSubmit } from './scenarios/http-submit.ts';
import { idle } from './scenarios/idle.ts';
import { kafka } from './scenarios/kafka.ts';
import { keyLimit } from './scenarios/key-limit.ts';
import { latency } from './scenarios/latency.ts';
import { life } from './scenarios/life.ts';
import { list } from './scenarios/list.ts';
import { peers } from './scenarios/peers.ts';
import { push } from './scenarios/push.ts';
import { pushBroker } from './scenarios/push-broker.ts';
import { pushWatchers } from './scenarios/push-watchers.ts';
import { redis } from './scenarios/redis.ts';

import { store } from './scenarios/store.ts';
import { typed } from './scenarios/typed.ts';

const SCENARIOS: readonly Scenario[] = [
  life,
  httpSubmit,
  latency,
  fullKey,
  keyLimit,
  list,
  typed,
  push,
  pushBroker,
  pushWatchers,
  openConsole,
  consolePage,
  store,
  idle,
  redis,
  cluster,
  kafka,
  peers,
];
/** Take long or need more than Redis; run only when named. */
const ONLY_WHEN_NAMED: ReadonlySet<string> = new Set(['kafka', 'peers', 'console-page']);

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    runs: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const chosen = chosenScenarios(flags.only);
const runs = Number(flags.runs);
if (!Number.isInteger(runs) || runs < 1) usage(`--runs must be a whole number from 1, not ${flags.runs}`);
if (flags.list) {
  for (const { name, title } of SCENARIOS) process.stdout.write(`${name.padEnd(12)} ${title}\n`);
} else {
  installPeers();
  await measure();
}

async function measure(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'xqueue-bench-'));
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const [cpu] = cpus();
  const machine = { node: process.version, cores: cpus().length, cpu: cpu?.model ?? 'unknown', runs };
  say(`Node ${machine.node}, ${machine.cores} cores (${machine.cpu}), ${runs} rounds`);
  const results = [];
  for (const scenario of chosen) {
    say(`measuring ${scenario.name} ...`);
    const startedAt = performance.now();
    const report = await scenario.run({ runs, scratch, say });
    if (!flags.json) process.stdout.write(`\n${tableOf(scenario, report)}`);
    say(`${scenario.name} took ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
    const figures = report.figures.map((figure) => ({ ...figure, met: isMet(figure) }));
    results.push({ name: scenario.name, title: scenario.title, how: scenario.how, figures, notes: report.notes });
  }
  if (flags.json) process.stdout.write(`${JSON.stringify({ machine, results }, null, 2)}\n`);
}

function chosenScenarios(only: readonly string[]): Scenario[] {
  for (const name of only) {
    const known = SCENARIOS.map((scenario) => scenario.name);
    if (!known.includes(name)) usage(`there is no scenario ${name}; there are ${known.join(', ')}`);
  }
  return SCENARIOS.filter(({ name }) => (only.length === 0 ? !ONLY_WHEN_NAMED.has(name) : only.includes(name)));
}

/** The peers are a package of their own, so that nobody who only wants XQueue installs them. */
function installPeers(): void {
  const here = import.meta.dirname;
  if (existsSync(join(here, 'node_modules'))) return;
  say('installing the peers (npm ci --prefix bench)');
  execFileSync('npm', ['ci', '--prefix', here, '--ignore-scripts'], { stdio: ['ignore', 2, 2] });
}

function usage(problem: string): never {
  say(problem);
  process.exit(2);
}
