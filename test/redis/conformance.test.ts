// The conformance suite on a real Redis.
import { describeTaskStore } from '../conformance/describe-task-store.ts';
import { redis } from './store-under-test.ts';

describeTaskStore(redis);
