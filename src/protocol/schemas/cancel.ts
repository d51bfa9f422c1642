// What a client may say when it cancels a task.
import { type Static, Type } from 'typebox';
import { LIMITS } from '../../domain/limits.ts';
import { CLOSED, PlainText } from './fields.ts';

export const CancelBody = Type.Object(
  { reason: Type.Optional(PlainText(LIMITS.cancelReasonLengthMax, 'Why; it ends up in the error of the task')) },
  { ...CLOSED, $id: 'Cancel', examples: [{ reason: 'The order was withdrawn' }] },
);
export type CancelBody = Static<typeof CancelBody>;
