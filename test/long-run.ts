// How long tests go on that can go on for as long as one likes: `TEST_MINUTES` says it.

/** @param shortMs what they take where nobody asked for more */
export function longMs(shortMs: number): number {
  const minutes = process.env['TEST_MINUTES'];
  return minutes === undefined ? shortMs : Number(minutes) * 60_000;
}
