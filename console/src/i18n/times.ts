// Durations and instants as people read them.
import { settings } from '../state/settings.ts';
import { type TextKey, t } from './text.ts';

/** 870 ms, 12.3 s, 4 min 5 s, 3 h, 2 d 4 h */
export function duration(ms: number): string {
  const value = Math.max(0, ms);
  if (value < 1000) return t('unit.ms', { n: Math.round(value) });
  const seconds = value / 1000;
  if (seconds < 60) return t('unit.s', { n: seconds < 10 ? short2(seconds) : seconds.toFixed(1) });
  return pair(Math.round(seconds), 'if_any');
}

/** As `duration`, in whole seconds: for what ticks. */
export function roundDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 60 ? t('unit.s', { n: seconds }) : pair(seconds, 'always');
}

/** @param smaller whether the smaller unit is said when there is nothing of it */
function pair(seconds: number, smaller: 'always' | 'if_any'): string {
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  const both = (large: string, n: number, small: TextKey): string =>
    n === 0 && smaller === 'if_any' ? large : `${large} ${t(small, { n })}`;
  if (hours === 0) return both(t('unit.min', { n: minutes }), seconds % 60, 'unit.s');
  if (days === 0) return both(t('unit.h', { n: hours }), minutes % 60, 'unit.min');
  return both(t('unit.d', { n: days }), hours % 24, 'unit.h');
}

/** 1.25, 1.2, 1 */
function short2(seconds: number): string {
  return String(Number(seconds.toFixed(2)));
}

/** 12 s ago; in 5 min */
export function relative(at: number, now: number): string {
  const distance = now - at;
  if (Math.abs(distance) < 1500) return t('all.justNow');
  const time = short(Math.abs(distance));
  return distance > 0 ? t('all.ago', { time }) : t('all.in', { time });
}

/** One unit is enough in a list. */
function short(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return t('unit.s', { n: seconds });
  if (seconds < 3600) return t('unit.min', { n: Math.floor(seconds / 60) });
  if (seconds < 86_400) return t('unit.h', { n: Math.floor(seconds / 3600) });
  return t('unit.d', { n: Math.floor(seconds / 86_400) });
}

/** 2026-11-22 21:04:05.123, with Z in UTC */
export function absolute(at: number): string {
  const isUtc = settings.get().zone === 'utc';
  const shifted = isUtc ? at : at - new Date(at).getTimezoneOffset() * 60_000;
  const text = new Date(shifted).toISOString().replace('T', ' ');
  return isUtc ? text : text.slice(0, -1);
}

/** 21:04 */
export function clockTime(at: number): string {
  return absolute(at).slice(11, 16);
}
