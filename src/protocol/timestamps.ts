// Instants: RFC 3339 on the wire, Unix milliseconds inside. Reading is strict, because `Date.parse` takes February 30
// for March 2 and 24:00 for the next day.

const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/i;

/** Unix milliseconds, or `null` when the text is no RFC 3339 instant. Finer fractions than milliseconds are cut off. */
export function parseTimestamp(text: string): number | null {
  const parts = RFC3339.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHours, offsetMinutes] = parts;
  const midnight = new Date(0);
  midnight.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (midnight.getUTCMonth() !== Number(month) - 1 || midnight.getUTCDate() !== Number(day)) return null;
  const ofDayMs = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
  const offsetMs = sign === undefined ? 0 : (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  const localMs = midnight.getTime() + ofDayMs + Number(fraction.slice(0, 3).padEnd(3, '0'));
  return sign === '-' ? localMs + offsetMs : localMs - offsetMs;
}

// Most instants that are written one after the other are the same, or fall into the same second; its text is made once.
let lastMs = Number.NaN;
let lastInstant = '';
let lastSecond = Number.NaN;
let lastText = '';

/** RFC 3339, UTC, always with three digits of milliseconds. */
export function formatTimestamp(unixMs: number): string {
  if (unixMs === lastMs) return lastInstant;
  lastInstant = textOf(unixMs);
  lastMs = unixMs;
  return lastInstant;
}

function textOf(unixMs: number): string {
  const second = Math.floor(unixMs / 1000);
  if (second !== lastSecond) {
    lastText = new Date(second * 1000).toISOString().slice(0, -4);
    lastSecond = second;
  }
  const ms = Math.floor(unixMs - second * 1000);
  return `${lastText}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
}
