// Leases on their way to the keeper's thread: what is written on a page is read from the same memory.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeldLease } from '../../../src/worker/lease-keeper.ts';
import { LeasePage } from '../../../src/worker/lease-page.ts';

const NEVER = Number.POSITIVE_INFINITY;
const lease = (token: number, id = `task-${token}`): HeldLease => {
  return { id, token, leaseUntil: 10.5, renewableUntil: NEVER, lastBeatAt: NEVER };
};

describe('leases on their way to the keeper’s thread', () => {
  it('arrive as they were sent, with times by the other clock', () => {
    const leases: HeldLease[] = [
      { id: 'a', token: 2 ** 50, leaseUntil: 10.5, renewableUntil: NEVER, lastBeatAt: NEVER },
      { id: 'b', token: 2, leaseUntil: 20, renewableUntil: 30, lastBeatAt: 29 },
    ];
    const written = LeasePage.beginWith({ leases, dropped: [1, 2 ** 52] }, 100);
    assert.deepEqual(new LeasePage(written.memory).read(), [
      {
        leases: [
          { id: 'a', token: 2 ** 50, leaseUntil: 110.5, renewableUntil: NEVER, lastBeatAt: NEVER },
          { id: 'b', token: 2, leaseUntil: 120, renewableUntil: 130, lastBeatAt: 129 },
        ],
        dropped: [1, 2 ** 52],
      },
    ]);
  });

  it('are read once each, in the order in which they were written', () => {
    const written = LeasePage.beginWith({ leases: [lease(1)], dropped: [] }, 0);
    const read = new LeasePage(written.memory);
    assert.deepEqual(read.read(), [{ leases: [lease(1)], dropped: [] }]);
    assert.deepEqual(read.read(), []);
    written.write({ leases: [], dropped: [1] }, 0);
    written.write({ leases: [lease(2, 'ü'), lease(3)], dropped: [] }, 0);
    assert.deepEqual(read.read(), [
      { leases: [], dropped: [1] },
      { leases: [lease(2, 'ü'), lease(3)], dropped: [] },
    ]);
  });

  it('begin another page when one is full, and a large one when they are very many', () => {
    const leases = Array.from({ length: 10_000 }, (_, index) => lease(index));
    const written = LeasePage.beginWith({ leases, dropped: [] }, 0);
    assert.equal(written.write({ leases: [lease(1)], dropped: [] }, 0), false);
    assert.deepEqual(new LeasePage(written.memory).read(), [{ leases, dropped: [] }]);
  });
});
