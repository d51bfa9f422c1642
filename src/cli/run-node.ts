// Runs a node until it is told to stop: starts it, says what runs where, drains it on SIGTERM or SIGINT.
import { compose } from '../compose.ts';
import type { Resolved } from '../config/resolve.ts';
import type { Clock } from '../ports/clock.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { startFacts, startLines } from './start-lines.ts';
import { youngGeneration } from './young-generation.ts';

/** Resolves when the node has drained and everything is closed. @throws StartError, ConfigError */
export async function runNode(resolved: Resolved, io: Io): Promise<void> {
  const node = await compose(resolved, { demo: 'example' });
  const { log, config } = node;
  // Before anything is announced: whoever reads that the node runs may stop it right then.
  const told = firstSignal(node.clock);
  const isForPeople = config.log.format === 'auto' ? config.server.mode === 'debug' : config.log.format === 'pretty';
  if (isForPeople) io.err(startLines(node));
  else log.info('started', startFacts(node));
  youngGeneration('grow');

  // A promise that a handler forgot to wait for must not take the other tasks of the node down with it.
  const onRejection = (error: unknown) => log.error('A promise was rejected and nobody handled it', { error });
  process.on('unhandledRejection', onRejection);
  void node.failed.then((reason) => {
    // Nothing can be recorded any more, so there is nothing to drain: what runs is taken up again at the next start.
    log.error(`${reason}. The node ends; start it again`);
    process.exit(EXIT.failure);
  });
  try {
    const signal = await told;
    log.info(`${signal}: draining, no new tasks are taken; a second signal ends at once`, {
      running: node.worker?.health().running ?? 0,
    });
    await node.drain();
  } finally {
    await node.close();
    process.off('unhandledRejection', onRejection);
  }
  log.info('stopped');
}

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;
/** Ctrl-C under `npm start` arrives twice: from the terminal, and from npm, which passes on what it gets itself. */
const ECHO_MS = 200;

/** After the first signal the next one ends the process at once: leases end by themselves, nothing is lost. */
function firstSignal(clock: Clock): Promise<string> {
  return new Promise((resolve) => {
    let askedAt: number | null = null;
    for (const [signal, number] of Object.entries(SIGNALS)) {
      process.on(signal, () => {
        if (askedAt !== null && clock.monotonic() - askedAt > ECHO_MS) process.exit(128 + number);
        askedAt ??= clock.monotonic();
        resolve(signal);
      });
    }
  });
}
