import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { LimitBody } from '../../../src/protocol/schemas/operations.ts';
import { BatchFrame, SubmitBody, SubmitRecord } from '../../../src/protocol/schemas/submit.ts';
import { FAULTS_MAX, validatorOf } from '../../../src/protocol/validate.ts';

const SCHEMAS = { SubmitBody, SubmitRecord, BatchFrame, LimitBody };
const names = [...Object.keys(SubmitRecord.properties), 'tasks', 'max_concurrency', 'x', '__proto__', ''];

const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, '', 'a', 'fixed', '2026-11-22T18:39:29Z', 0, -1, 0.5, 1e9, 1e300, undefined),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.constantFrom(...names, 'type', 'delay', 'jitter'), tie('value'), { maxKeys: 6 }),
  ),
})).value;

describe('a value is refused exactly when something can be said against it', () => {
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    it(`(${name})`, () => {
      const validator = validatorOf(schema);
      fc.assert(
        fc.property(anything, (value) => {
          const faults = validator.check(value) ? [] : validator.faults(value);
          assert.ok(faults.length <= FAULTS_MAX);
          for (const { path, message } of faults) {
            assert.match(path, /^(\/.*)?$/s);
            assert.match(message, /^(must be|is missing|is not known|is set by)/);
            assert.ok(path.isWellFormed() && message.isWellFormed());
          }
          assert.equal(faults.length === 0, validator.check(value));
        }),
        { numRuns: 300 },
      );
    });
  }
});

it('a fault says what the value must be and what it is', () => {
  const faults = (value: unknown, path?: string) => validatorOf(LimitBody).faults(value, path);
  assert.deepEqual(faults({ max_concurrency: '3' }), [
    { path: '/max_concurrency', message: 'must be a whole number from 0 to 1000000, not "3"' },
  ]);
  assert.deepEqual(faults({}), [
    { path: '/max_concurrency', message: 'is missing: it must be a whole number from 0 to 1000000' },
  ]);
  assert.deepEqual(faults(null, '/body'), [{ path: '/body', message: 'must be an object, not null' }]);
  assert.deepEqual(validatorOf(BatchFrame).faults({ tasks: [] }), [
    { path: '/tasks', message: 'must be a list of 1 to 1000 items, not 0' },
  ]);
});
