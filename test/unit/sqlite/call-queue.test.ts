// Which calls share a transaction of the embedded store.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { CallQueue } from '../../../src/adapters/sqlite/call-queue.ts';
import type { Call } from '../../../src/adapters/sqlite/operations.ts';

const { port1: port, port2 } = new MessageChannel();
port2.close();

const claim: Call = { name: 'claim', args: [{ requestId: 'r', nodeId: 'n', types: ['mail'], count: 50 }] };
const settle = (tasks: number) => ({ name: 'settle', args: [Array.from({ length: tasks })] }) as unknown as Call;
const submit = (tasks: number) => ({ name: 'submit', args: [Array.from({ length: tasks })] }) as unknown as Call;

function groupsOf(...calls: readonly Call[]): string[] {
  const queue = new CallQueue();
  for (const [number, call] of calls.entries()) queue.add({ port, number, call });
  const groups: string[] = [];
  while (!queue.isEmpty) {
    groups.push(
      queue
        .takeGroup()
        .map(({ call }) => call.name)
        .join(' '),
    );
  }
  return groups;
}

void describe('calls of one transaction', () => {
  void it('outcomes go with the claim behind them, however many they are', () => {
    assert.deepEqual(groupsOf(settle(100), claim, claim, settle(3)), ['settle claim', 'claim', 'settle']);
  });

  void it('submits gather up to a bound, and one that is larger goes alone', () => {
    assert.deepEqual(groupsOf(submit(10), submit(29), submit(1), submit(1000), submit(1)), [
      'submit submit submit',
      'submit',
      'submit',
    ]);
  });

  void it('a group that has room waits for nothing and takes what comes', () => {
    const queue = new CallQueue();
    queue.add({ port, number: 1, call: submit(5) });
    assert.equal(queue.hasFullGroup, false);
    queue.add({ port, number: 2, call: claim });
    assert.equal(queue.hasFullGroup, true);
    assert.equal(queue.takeGroup().length, 2);
    assert.equal(queue.isEmpty, true);
  });
});
