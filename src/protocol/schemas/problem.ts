// How every refusal looks: RFC 9457.
import { type Static, Type } from 'typebox';
import { API_ERRORS, type ApiErrorCode } from '../../domain/errors.ts';
import { CLOSED } from './fields.ts';

export const FaultAnswer = Type.Object(
  {
    path: Type.String({ description: 'JSON pointer into the body, or /name of a query parameter or header' }),
    message: Type.String(),
  },
  { ...CLOSED, $id: 'Fault' },
);

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'URI of the kind of problem' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String(),
    code: Type.Enum(Object.keys(API_ERRORS) as ApiErrorCode[], { type: 'string', description: 'Stable word' }),
    errors: Type.Optional(Type.Array(FaultAnswer, { description: 'For bad input: all that was found' })),
  },
  { ...CLOSED, $id: 'Problem' },
);
export type Problem = Static<typeof Problem>;
