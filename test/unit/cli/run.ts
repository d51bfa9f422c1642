// Runs a command in this process and keeps what it printed.
import { main } from '../../../src/cli/main.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function run(args: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(args, {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    env,
    input: async () => input,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}
