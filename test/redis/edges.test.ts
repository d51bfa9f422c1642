// Rules that random histories do not reach, on a real Redis.
import { describe, it } from 'node:test';
import { runTest } from '../conformance/describe-task-store.ts';
import { edges } from './edges.ts';
import { redis } from './store-under-test.ts';

edges({
  describe: (title, body) => void describe(title, body),
  test: (title, body, options = {}) => void it(title, () => runTest(redis, body, options)),
});
