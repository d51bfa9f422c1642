// A B A B: every side once per round, one after the other, so that whatever else the machine does hits all alike.

export interface Side<Result> {
  readonly name: string;
  run(): Promise<Result>;
}

/**
 * Results by side, one per round. A side that fails once is left out of the rest: half a comparison is none.
 * @param onFailed hears why
 */
export async function alternate<Result>(
  runs: number,
  sides: readonly Side<Result>[],
  onFailed: (name: string, error: unknown) => void,
): Promise<Map<string, Result[]>> {
  const results = new Map(sides.map(({ name }) => [name, [] as Result[]]));
  for (let round = 0; round < runs; round++) {
    for (const side of sides) {
      const own = results.get(side.name);
      if (own === undefined) continue;
      try {
        own.push(await side.run());
      } catch (error) {
        results.delete(side.name);
        onFailed(side.name, error);
      }
    }
  }
  return results;
}
