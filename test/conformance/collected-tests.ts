// The tests of themes as a list, for those who run them in a loop: over stores that are broken and must be caught.
import { runTest } from './describe-task-store.ts';
import type { StoreUnderTest } from './stores.ts';
import type { TestBody, TestOptions, Theme } from './suite.ts';

interface CollectedTest {
  readonly title: string;
  readonly body: TestBody;
  readonly options: TestOptions;
  /** 0: not known yet. */
  costMs: number;
}

export function collectTests(themes: readonly Theme[]): CollectedTest[] {
  const tests: CollectedTest[] = [];
  const titles: string[] = [];
  for (const theme of themes) {
    theme({
      describe: (title, body) => {
        titles.push(title);
        body();
        titles.pop();
      },
      test: (title, body, options = {}) =>
        tests.push({ title: [...titles, title].join(' > '), body, options, costMs: 0 }),
    });
  }
  return tests;
}

/**
 * Cheap tests first, as far as their cost is known: most broken stores do not get as far as the dear ones.
 * @param likely title of the test that is asked first
 */
export async function firstFailure(
  tests: readonly CollectedTest[],
  sut: StoreUnderTest,
  likely?: string,
): Promise<string | null> {
  const rank = ({ title, costMs }: CollectedTest): number => (title === likely ? -1 : costMs);
  for (const test of tests.toSorted((a, b) => rank(a) - rank(b))) {
    const startedAt = performance.now();
    try {
      await runTest(sut, test.body, test.options);
    } catch {
      return test.title;
    }
    test.costMs = performance.now() - startedAt;
  }
  return null;
}
