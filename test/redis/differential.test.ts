// The Redis store against the reference model, as functions of the server and as scripts; settings:
// differential/describe-differential.ts.
import { describeDifferential } from '../differential/describe-differential.ts';
import { redis, redisWithoutFunctions } from './store-under-test.ts';

describeDifferential(redis);
describeDifferential(redisWithoutFunctions);
