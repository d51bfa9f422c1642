// The programs' side of the line protocol. A program is a process of its own: nothing it measures shares a heap,
// a compiler's warmth or an event loop with another one.
import { createInterface } from 'node:readline';
import { MARK, type ProgramLine } from './line-protocol.ts';

export interface Program {
  /** Told to the runner once the program is warm. */
  readonly ready?: unknown;
  /** What is measured; answers numbers, times taken by the program itself. Left out by servers. */
  measure?(): Promise<unknown>;
  end(): Promise<void>;
}

/** @param prepare gets what the runner gave as input; connects, warms up, and answers the program */
export async function run(prepare: (input: never) => Promise<Program>): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const program = await prepare(JSON.parse(process.argv[2] ?? 'null') as never);
  say({ is: 'ready', value: program.ready ?? null });
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    if (line.value === 'go') say({ is: 'done', value: (await program.measure?.()) ?? null });
  }
  await program.end();
}

function say(line: ProgramLine): void {
  process.stdout.write(`${MARK}${JSON.stringify(line)}\n`);
}
