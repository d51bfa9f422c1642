// Reads a batch of submits. Each task is judged on its own: one bad task does not refuse the others.
import { elementsOf, membersOf } from './json-slices.ts';
import { BatchFrame } from './schemas/submit.ts';
import { parseSubmitValue, type SubmitRequest, type SubmitRules } from './submit.ts';
import { type Parsed, validatorOf } from './validate.ts';

const frame = validatorOf(BatchFrame);

export interface BatchItem {
  readonly request: Parsed<SubmitRequest>;
  /** The item's own text. */
  readonly text: string;
}

/** @param text valid JSON; @param value the same, parsed. Faults only when the frame around the tasks is wrong. */
export function parseBatch(text: string, value: unknown, rules: SubmitRules = {}): Parsed<readonly BatchItem[]> {
  if (!frame.check(value)) return { ok: false, faults: frame.faults(value) };
  const members = membersOf(text);
  const [tasks] = members;
  if (tasks === undefined || members.length > 1) {
    return { ok: false, faults: [{ path: '/tasks', message: 'is given more than once' }] };
  }
  const slices = elementsOf(text, tasks.start);
  const items = value.tasks.map((task, index): BatchItem => {
    const own = text.slice(slices[index]?.start, slices[index]?.end);
    return { request: parseSubmitValue(own, task, { ...rules, path: `/tasks/${index}` }), text: own };
  });
  return { ok: true, value: items };
}
