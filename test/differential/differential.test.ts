// The stores that need no server against the reference model. `TEST_STORE=<part of a name>` runs some of them only;
// further settings: describe-differential.ts.
import { model, STORES } from '../conformance/stores.ts';
import { describeDifferential } from './describe-differential.ts';

const wanted = process.env.TEST_STORE ?? '';
for (const sut of STORES) if (sut !== model && sut.name.includes(wanted)) describeDifferential(sut);
