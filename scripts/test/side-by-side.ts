/** Does `work` for each item, at most `together` at the same time, in order of the list. */
export async function sideBySide<T>(
  items: readonly T[],
  together: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const lane = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: together }, lane));
}
