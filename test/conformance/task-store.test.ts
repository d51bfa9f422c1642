// The conformance suite on every store. `TEST_STORE=<part of a name>` runs it on some of them only.
import { describeTaskStore } from './describe-task-store.ts';
import { STORES } from './stores.ts';

const wanted = process.env.TEST_STORE ?? '';
for (const sut of STORES) if (sut.name.includes(wanted)) describeTaskStore(sut);
