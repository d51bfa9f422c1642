// What the form says, as the body of a submit. The payload is put in as it was typed: reading and writing it again
// would cost large integers their digits.
import type { TaskDetail } from '../../api/task.ts';
import { indented } from '../../json/tokens.ts';

export interface Form {
  readonly type: string;
  readonly payload: string;
  readonly priority: string;
  readonly max_retry: string;
  readonly delay: string;
  readonly queue_timeout: string;
  readonly process_timeout: string;
  readonly concurrency_key: string;
  readonly max_concurrency: string;
  readonly tags: string;
}

export const EMPTY_FORM: Form = {
  type: 'example',
  payload: '{\n  "message": "hello",\n  "duration": 5\n}',
  priority: '',
  max_retry: '',
  delay: '',
  queue_timeout: '',
  process_timeout: '',
  concurrency_key: '',
  max_concurrency: '',
  tags: '',
};

/** Number fields, each with its flag on the command line. */
const NUMBERS = {
  priority: '--priority',
  max_retry: '--max-retry',
  delay: '--delay',
  queue_timeout: '--queue-timeout',
  process_timeout: '--process-timeout',
  max_concurrency: '--max-concurrency',
} as const;

export function tagsIn(text: string): string[] {
  return text
    .split(/[,\n]/)
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

/** JSON text. */
export function bodyOf(form: Form): string {
  const members: string[] = [`"type":${JSON.stringify(form.type)}`];
  if (form.payload.trim() !== '') members.push(`"payload":${form.payload.trim()}`);
  for (const name of Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]) {
    if (form[name].trim() !== '') members.push(`"${name}":${numberText(form[name])}`);
  }
  if (form.concurrency_key !== '') members.push(`"concurrency_key":${JSON.stringify(form.concurrency_key)}`);
  const tags = tagsIn(form.tags);
  if (tags.length > 0) members.push(`"tags":${JSON.stringify(tags)}`);
  return `{${members.join(',')}}`;
}

/** What is no number goes as text, and the server says what is wrong with it. */
function numberText(text: string): string {
  const trimmed = text.trim();
  return /^-?\d+(\.\d+)?$/.test(trimmed) ? trimmed : JSON.stringify(trimmed);
}

export function flagsOf(form: Form): string[] {
  const isSeconds = (name: string): boolean => /delay|timeout/.test(name);
  return [
    ...(Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]).flatMap((name) => {
      const value = form[name].trim();
      return value === '' ? [] : [NUMBERS[name], `${value}${isSeconds(name) ? 's' : ''}`];
    }),
    ...(form.concurrency_key === '' ? [] : ['--concurrency-key', form.concurrency_key]),
    ...tagsIn(form.tags).flatMap((tag) => ['--tag', tag]),
  ];
}

/** The form that would submit the same again. */
export function formOf(task: TaskDetail): Form {
  return {
    type: task.type,
    payload: indented(task.payload?.text ?? 'null'),
    priority: task.priority === 0 ? '' : String(task.priority),
    max_retry: String(task.max_retry),
    delay: '',
    queue_timeout: String(task.queue_timeout),
    process_timeout: String(task.process_timeout),
    concurrency_key: task.concurrency_key ?? '',
    max_concurrency: task.max_concurrency === null ? '' : String(task.max_concurrency),
    tags: task.tags.join(', '),
  };
}
