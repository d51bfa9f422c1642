// Draws the life of a task as text, from the table: a box for each state that moves on, a line for each arrow.
import { LIFECYCLE, type Transition } from '../../src/domain/lifecycle.ts';
import { isFinal } from '../../src/domain/task.ts';

const SUBMIT = 'submit --> ';
const BETWEEN_WIDTH = 31;
const BEHIND_WIDTH = 18;
const PENDING = '| pending | ';
const PROCESSING = '| processing | ';

/** Throws when the table has a transition that has no place in the drawing: then the drawing must learn it. */
export function drawLife(table: readonly Transition[] = LIFECYCLE): string {
  const starts = table.filter(({ from }) => from === null);
  const there = table.filter(({ from, to }) => from === 'pending' && to === 'processing');
  const back = table.filter(({ from, to }) => from === 'processing' && to === 'pending');
  const fromProcessing = table.filter(({ from, to }) => from === 'processing' && isFinal(to));
  const fromPending = table.filter(({ from, to }) => from === 'pending' && isFinal(to));
  const revived = table.filter(({ from, to }) => from !== null && isFinal(from) && to === 'pending');
  const shown = [starts, there, back, fromProcessing, fromPending, revived].flat();
  if (shown.length !== table.length) throw new Error('The table has a transition that the drawing does not show');

  const between = [arrowRight(names(there), BETWEEN_WIDTH), arrowLeft(names(back), BETWEEN_WIDTH)];
  const behind = fromProcessing.map(({ name, to }) => `${arrowRight(name, BEHIND_WIDTH)} ${to}`);
  const pastWidth = BETWEEN_WIDTH + 1 + PROCESSING.length + BEHIND_WIDTH;
  const past = [
    ...fromPending.map(({ name, to }) => `${arrowRight(name, pastWidth)} ${to}`),
    `${arrowLeft(names(revived), pastWidth)} ${revived.map(({ from }) => from).join(', ')}`,
  ];

  const open = blank(PENDING);
  const besides = ' '.repeat(BETWEEN_WIDTH + 1);
  const lines = [border(PENDING) + besides + border(PROCESSING)];
  for (let row = 0; row < Math.max(between.length, behind.length); row += 1) {
    const left = (row === 0 ? PENDING : open) + (between[row] ?? '').padEnd(BETWEEN_WIDTH);
    lines.push(`${left} ${row === 0 ? PROCESSING : blank(PROCESSING)}${behind[row] ?? ''}`);
  }
  lines.push(open + besides + border(PROCESSING), ...past.map((arrow) => open + arrow), border(PENDING));
  return lines.map((line, index) => ((index === 1 ? SUBMIT : ' '.repeat(SUBMIT.length)) + line).trimEnd()).join('\n');
}

function names(steps: readonly Transition[]): string {
  return [...new Set(steps.map(({ name }) => name))].join(', ');
}

function arrowRight(label: string, width: number): string {
  return `${label} ${'-'.repeat(width - label.length - 2)}>`;
}

function arrowLeft(label: string, width: number): string {
  return `<${'-'.repeat(width - label.length - 2)} ${label}`;
}

function border(box: string): string {
  return `+${'-'.repeat(box.length - 3)}+ `;
}

function blank(box: string): string {
  return `|${' '.repeat(box.length - 3)}| `;
}
