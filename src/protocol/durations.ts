// Durations: seconds with fractions on the wire, whole milliseconds inside.

/** Rounds to whole milliseconds. What is longer than nothing stays so: a `queue_timeout` of 0 means "no limit". */
export function msOfSeconds(seconds: number): number {
  return seconds > 0 ? Math.max(1, Math.round(seconds * 1000)) : 0;
}

export function secondsOfMs(ms: number): number {
  return ms / 1000;
}
