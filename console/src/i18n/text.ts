// The text for a key in the language in force.
import { language } from '../state/settings.ts';
import { en, type TextKey } from './en.ts';
import { zh } from './zh.ts';

export type { TextKey } from './en.ts';

export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  const text: string = (language() === 'zh' ? zh : en)[key];
  const counted = text.replaceAll(/\{(\w+)\|(.*?)\|(.*?)\}/g, (_, name: string, one: string, many: string) =>
    values[name] === 1 ? one : many,
  );
  return counted.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === 'number' ? count(value) : value;
  });
}

const numbers = new Intl.NumberFormat('en');

/** 12,345 */
export function count(n: number): string {
  return numbers.format(n);
}

/** 12.3k: for tiles and charts. */
export function shortCount(n: number): string {
  if (n < 10_000) return count(n);
  if (n < 1_000_000) return `${(n / 1000).toFixed(n < 100_000 ? 1 : 0)}k`;
  return `${(n / 1_000_000).toFixed(n < 10_000_000 ? 2 : 1)}M`;
}
