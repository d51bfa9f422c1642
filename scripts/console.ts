// `node scripts/console.ts`: builds the web console if its sources have changed since the last build.
// With `--optional` a console that cannot be built (no way to the package registry) is no reason to fail: the server
// starts without it and says so at `/`.
import { buildConsole } from './console/build-console.ts';

const isOptional = process.argv.includes('--optional');
const say = (line: string): void => void process.stderr.write(`${line}\n`);

try {
  await buildConsole(() => say('building the web console (once per change of console/)'));
} catch (error) {
  const [first = ''] = String(error).split('\n');
  say(isOptional ? `the web console could not be built: ${first}` : String(error));
  if (!isOptional) process.exitCode = 1;
}
