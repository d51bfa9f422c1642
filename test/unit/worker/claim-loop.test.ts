// From a long queue a node asks for half of its slots at a time, so that the store prepares one half while handlers work on
// the other. Both halves in one message would come back in one, and both sides would wait for each other from then on.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { SILENT } from '../../../src/ports/logger.ts';
import type { Claimed, ClaimRequest } from '../../../src/ports/task-store.ts';
import { ClaimLoop } from '../../../src/worker/claim-loop.ts';

const SLOTS = 10;

/** A store without an end of tasks, that answers when the test says so; handlers that end at once. */
function scene() {
  const asked: { readonly request: ClaimRequest; readonly answer: () => void }[] = [];
  const events: string[] = [];
  const claims = new ClaimLoop({
    store: {
      claim: (request) => {
        events.push(`ask ${request.count}`);
        return new Promise((resolve) => {
          const tasks = Array.from({ length: request.count }, () => ({}) as Claimed);
          asked.push({ request, answer: () => resolve(tasks) });
        });
      },
    },
    clock: new ManualClock(),
    log: SILENT,
    nodeId: 'node-1',
    slots: SLOTS,
    leaseMs: 90_000,
    types: () => ['mail'],
    room: () => SLOTS,
    settleFirst: () => undefined,
    onClaimed: (claimed) => {
      events.push(`run ${claimed.length}`);
      claims.roomFreed();
    },
  });
  const answerAll = async (): Promise<void> => {
    for (const { answer } of asked.splice(0)) answer();
    await turns();
  };
  return { claims, events, asked, answerAll };
}

/** More than any chain of turns here takes. */
async function turns(): Promise<void> {
  for (let n = 0; n < 10; n++) await new Promise((resolve) => setImmediate(resolve));
}

/** When the promises of this turn are through, and nothing more. */
const endOfTurn = () => new Promise<void>((resolve) => process.nextTick(resolve));

it('asks for all slots first, then for half at a time', async () => {
  const { claims, events, answerAll } = scene();
  claims.start();
  await turns();
  assert.deepEqual(events.splice(0), [`ask ${SLOTS}`]);
  await answerAll();
  assert.deepEqual(events, [`run ${SLOTS}`, 'ask 5', 'ask 5']);
});

it('asks once in a turn, and before the handlers get the thread', async () => {
  const { claims, events, asked, answerAll } = scene();
  claims.start();
  await turns();
  await answerAll();
  events.splice(0);
  for (const { answer } of asked.splice(0)) answer();
  await endOfTurn();
  assert.deepEqual(events, ['run 5', 'ask 5', 'run 5'], 'the slots of the first half are asked for at once');
  await turns();
  assert.deepEqual(events, ['run 5', 'ask 5', 'run 5', 'ask 5'], 'those of the other when that is on its way');
});
