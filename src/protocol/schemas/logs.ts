// What the handler of a task said.
import { type Static, Type } from 'typebox';
import { LIMITS } from '../../domain/limits.ts';
import { CLOSED, Count, Instant } from './fields.ts';

export const LogsAnswer = Type.Object(
  {
    logs: Type.Array(
      Type.Object(
        {
          line: Type.Integer({ minimum: 1, description: '1, 2, 3 ... over all attempts; the oldest may be gone' }),
          at: Instant('When it was said'),
          attempt: Type.Integer({ minimum: 1 }),
          level: Type.Enum(['debug', 'info', 'warn', 'error'], { type: 'string' }),
          message: Type.String(),
          fields: Type.Unknown({ description: 'What the handler gave beside the message; null without' }),
        },
        { ...CLOSED, $id: 'LogLine' },
      ),
      { description: `Oldest first; the last ${LIMITS.logLinesKept} lines or ${LIMITS.logBytesKept / 1024} KiB` },
    ),
    count: Count('Length of the list'),
  },
  { ...CLOSED, $id: 'Logs' },
);
export type LogsAnswer = Static<typeof LogsAnswer>;
