// What is said of servers that cannot be had here: old ones, and those that do not tell everything.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LAYOUT } from '../../../src/adapters/redis/layout.ts';
import { durabilityOf, type ServerFacts } from '../../../src/adapters/redis/server-facts.ts';
import { startChecks } from '../../../src/adapters/redis/start-checks.ts';

const GOOD: ServerFacts = {
  version: '7.4.1',
  major: 7,
  minor: 4,
  runId: 'a',
  role: 'master',
  maxmemoryBytes: 0,
  evictionPolicy: 'noeviction',
  appendOnly: true,
  save: '',
  appendFsync: 'everysec',
  clockAheadMs: 0,
};

const checkOf = (name: string, facts: Partial<ServerFacts>) =>
  startChecks({ ...GOOD, ...facts }, null).find((check) => check.name === name);

void describe('start checks of a Redis server', () => {
  void it('find nothing wrong with a good one', () => {
    assert.deepEqual(
      startChecks(GOOD, LAYOUT).filter(({ status }) => status !== 'ok'),
      [],
    );
  });

  void it('refuse a server before 6.2, and warn of one before 7.0', () => {
    assert.equal(checkOf('version', { version: '6.0.16', major: 6, minor: 0 })?.status, 'error');
    const old = checkOf('version', { version: '6.2.14', major: 6, minor: 2 });
    assert.equal(old?.status, 'warning');
    assert.match(old.message, /out of memory/);
  });

  void it('tell what an accepted task outlives: the disk, the process, or nothing', () => {
    const promised = (facts: Partial<ServerFacts>) => durabilityOf({ ...GOOD, ...facts });
    assert.equal(promised({ appendFsync: 'always' }), 'fsync');
    assert.equal(promised({ appendFsync: 'everysec' }), 'process');
    assert.equal(promised({ appendFsync: null }), 'process', 'a server that does not tell');
    assert.equal(promised({ appendOnly: false, appendFsync: 'always' }), 'memory');
    assert.match(checkOf('persistence', {})?.message ?? '', /appendfsync always/);
  });

  void it('warn where only snapshots are saved, and where nobody may ask', () => {
    assert.match(checkOf('persistence', { appendOnly: false, save: '3600 1' })?.message ?? '', /appendonly yes/);
    assert.equal(checkOf('persistence', { appendOnly: false, save: null })?.status, 'warning');
  });

  void it('refuse a policy that evicts, whatever memory there is', () => {
    assert.equal(checkOf('eviction', { evictionPolicy: 'volatile-ttl' })?.status, 'error');
  });
});
