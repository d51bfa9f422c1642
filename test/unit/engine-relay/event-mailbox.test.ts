// The mailbox: bounded, and honest about what it lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventMailbox } from '../../../src/engine/push/event-mailbox.ts';
import { anEvent } from './scene.ts';

test('mail is taken in the order it came, whether the reader waits or not', async () => {
  const mailbox = new EventMailbox();
  const waiting = mailbox.take();
  mailbox.put(anEvent({ version: 1 }));
  mailbox.put(anEvent({ version: 2 }));
  assert.deepEqual(await waiting, anEvent({ version: 1 }));
  assert.deepEqual(await mailbox.take(), anEvent({ version: 2 }));
});

test('a mailbox that runs over holds nothing but the word that something is missing', async () => {
  const mailbox = new EventMailbox(3);
  for (let version = 1; version <= 10; version++) mailbox.put(anEvent({ version }));
  assert.equal(await mailbox.take(), 'gap');
  mailbox.put(anEvent({ version: 11 }));
  assert.deepEqual(await mailbox.take(), anEvent({ version: 11 }));
});

test('a closed mailbox says so to a reader that waits and to each that comes later', async () => {
  const mailbox = new EventMailbox();
  const waiting = mailbox.take();
  mailbox.close();
  mailbox.put(anEvent());
  assert.equal(await waiting, 'closed');
  assert.equal(await mailbox.take(), 'closed');
});
