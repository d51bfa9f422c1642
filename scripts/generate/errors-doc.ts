// docs/errors.md: the catalogue of src/domain/errors.ts with what to do about each code.
import { API_ERRORS, type ApiErrorCode, TASK_ERROR_CODES, type TaskErrorCode } from '../../src/domain/errors.ts';
import { API_ERROR_ADVICE, TASK_ERROR_ADVICE } from './error-advice.ts';
import { errorClassRows } from './error-classes.ts';
import { generatedFrom, markdownTable } from './markdown.ts';

export function errorsDoc(): string {
  const taskCodes = Object.keys(TASK_ERROR_CODES) as TaskErrorCode[];
  const apiCodes = Object.keys(API_ERRORS) as ApiErrorCode[];
  const taskRows = taskCodes.map((code) => [`\`${code}\``, TASK_ERROR_CODES[code], TASK_ERROR_ADVICE[code]]);
  const apiRows = apiCodes.map((code) => {
    const { status, retryable, title } = API_ERRORS[code];
    return [`\`${code}\``, String(status), retryable ? 'yes' : 'no', title, API_ERROR_ADVICE[code]];
  });
  return `# Errors

${generatedFrom('src/domain/errors.ts')}

The catalogue is closed: there are no codes beside these.

## What a call answers

HTTP errors are \`application/problem+json\` (RFC 9457) with \`type\`, \`title\`, \`status\`, \`detail\`, \`code\` and, for bad input,
\`errors: [{ "path", "message" }]\`. "Try again" means that the same request can succeed later.

${markdownTable(['code', 'status', 'try again', 'meaning', 'what to do'], apiRows)}

## What a task records

The \`error_code\` of a task and of each of its attempts; \`error\` has the message for people.

${markdownTable(['code', 'meaning', 'what to do'], taskRows)}

## What programs catch

Classes of \`xqueue\` and \`xqueue/client\`. Each has \`code\` and \`retryable\` where the table says so.

${markdownTable(['class', 'when', '`code`', '`retryable`', 'carries'], errorClassRows())}
`;
}
