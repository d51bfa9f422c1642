// Lines of handlers in random histories: few and small mostly, now and then more than is kept, in number or in bytes.
import { LIMITS } from '../../src/domain/limits.ts';
import { LOG_LEVELS, type LogEntry } from '../../src/ports/log-store.ts';
import { SECOND } from '../conformance/builders.ts';
import type { Chance } from './chance.ts';
import type { World } from './world.ts';

const FIELDS = [null, null, '{}', '{"a":[],"n":123456789012345678901234567890}', '"日本"'];

/** Each at least half as long as may be: together always more than is kept. */
const LARGE_COUNT = Math.ceil((2.2 * LIMITS.logBytesKept) / LIMITS.logLineBytesMax);

function someEntries(chance: Chance): LogEntry[] {
  const how = chance.weighted({ few: 20, many: 2, large: 2 });
  const count = how === 'few' ? chance.below(4) : how === 'many' ? LIMITS.logLinesKept + chance.below(20) : LARGE_COUNT;
  return Array.from({ length: count }, () => ({
    agoMs: chance.pick([0, 0, 1, 0.5, 250, 3 * SECOND]),
    level: chance.pick(LOG_LEVELS),
    message:
      how === 'large'
        ? '日'.repeat(chance.between(LIMITS.logLineBytesMax / 6, LIMITS.logLineBytesMax / 3))
        : chance.pick(['', 'x', 'é 🎈']),
    fields: chance.pick(FIELDS),
  }));
}

export async function logs(world: World): Promise<void> {
  const { pair, chance, coverage } = world;
  const batch = Array.from({ length: chance.between(1, 3) }, () => ({
    lease: world.someLease(),
    entries: someEntries(chance),
  }));
  const replies = await pair.both((side) =>
    side.store.logs.append(batch.map(({ lease, entries }) => ({ ...side.ref(lease), entries }))),
  );
  for (const { state } of replies) coverage.saw(`logs: ${state}`);
  for (const { id } of [...batch.map(({ lease }) => lease), { id: world.someId() }]) {
    const after = chance.pick([0, 0, 0, 1, LIMITS.logLinesKept]);
    const lines = await pair.both(({ store }) => store.logs.read(id, after));
    coverage.saw(`logs: ${lines === null ? 'of nobody' : lines.length > 0 ? 'some' : 'none'}`);
    if (lines?.length === LIMITS.logLinesKept) coverage.saw('logs: as many as are kept');
    if ((lines?.[0]?.line ?? 1) > after + 1 && (lines?.length ?? 0) < LIMITS.logLinesKept) {
      coverage.saw('logs: cut by their bytes');
    }
  }
}
