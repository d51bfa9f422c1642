// The Redis store against the reference model; settings: differential/describe-differential.ts.
import { describeDifferential } from '../differential/describe-differential.ts';
import { redis } from './store-under-test.ts';

describeDifferential(redis);
