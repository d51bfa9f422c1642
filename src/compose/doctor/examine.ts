// Looks at everything a node with this configuration needs, without starting one and without changing anything.
import { systemClock } from '../../adapters/clock/system-clock.ts';
import { storeOf } from '../../config/cross-checks.ts';
import type { Resolved } from '../../config/resolve.ts';
import { checkBroker } from './broker.ts';
import { checkEmbedded } from './embedded.ts';
import type { Finding } from './finding.ts';
import { checkHandlers } from './handlers.ts';
import { checkKafka } from './kafka.ts';
import { checkPorts } from './ports.ts';

/** In the order in which a start would stumble over them. */
export async function examine({ config, origin }: Resolved): Promise<Finding[]> {
  const store =
    storeOf(config) === 'redis'
      ? (await import('./redis.ts')).checkRedisStore(config, systemClock)
      : checkEmbedded(config.embedded.path);
  const broker = checkBroker(config, systemClock);
  const findings = await Promise.all([
    store,
    checkHandlers(config),
    checkPorts(config, origin, systemClock),
    broker,
    checkKafka(config, systemClock),
  ]);
  return [nodeVersion(), ...findings.flat()];
}

function nodeVersion(): Finding {
  return { check: 'node', status: 'ok', detail: `Node.js ${process.versions.node} on ${process.platform}.` };
}
