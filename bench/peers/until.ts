// Polls what a library offers no event for. Short pauses: they are part of what is measured.

const PAUSE_MS = 2;

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
