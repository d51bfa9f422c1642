// The results as a table for people. The same numbers go out as JSON.
import { styleText } from 'node:util';
import type { Figure, Report, Scenario, Target } from './scenario.ts';
import { median } from './statistics.ts';

export function tableOf({ title, how }: Scenario, { figures, notes }: Report): string {
  const rows = figures.map((figure) => cellsOf(figure));
  const header = ['', '', 'median', 'min', 'max', 'unit', 'target', ''];
  const widths = header.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (at < 2 || at > 4 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [
    styleText('bold', title),
    ...how.map((text) => styleText('dim', `  ${text}`)),
    `  ${styleText('dim', line(header))}`,
    ...rows.map((row, at) => `  ${line(row)}${verdict(figures[at])}`),
    ...notes.map((note) => `  note: ${note}`),
    '',
  ].join('\n');
}

function cellsOf({ of, what, unit, values, target }: Figure): string[] {
  const numbers = [median(values), Math.min(...values), Math.max(...values)];
  return [of, what, ...numbers.map(shown), unit, target === undefined ? '' : targetText(target)];
}

function verdict(figure: Figure | undefined): string {
  const met = figure === undefined ? null : isMet(figure);
  return met === null ? '' : `  ${met ? styleText('green', 'met') : styleText('red', 'MISSED')}`;
}

/** `null`: there is no target. */
export function isMet({ values, target }: Figure): boolean | null {
  if (target === undefined) return null;
  return 'atLeast' in target ? median(values) >= target.atLeast : median(values) <= target.atMost;
}

function targetText(target: Target): string {
  return 'atLeast' in target ? `>= ${target.atLeast}` : `<= ${target.atMost}`;
}

/** Three digits say all that a benchmark knows. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (value >= 1000) return Number(value.toPrecision(3)).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}
