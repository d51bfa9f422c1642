// `xqueue doctor`: looks at everything a node with this configuration needs, and says what is wrong.
import type { Command } from 'commander';
import type { Finding } from '../compose/doctor/finding.ts';
import { ConfigError } from '../config/problem.ts';
import type { Resolved } from '../config/resolve.ts';
import { addExamples } from './examples.ts';
import { EXIT, Exit, type ExitCode } from './exit.ts';
import type { Io } from './io.ts';
import { addOutputOption, outputOf } from './output-option.ts';
import { addSettingFlags, configOf } from './setting-flags.ts';
import { table } from './table.ts';

export function addDoctor(parent: Command, io: Io): void {
  const command = parent
    .command('doctor')
    .description('Check configuration, store, handlers, broker and ports without starting anything')
    .addHelpText(
      'after',
      '\nExit codes: 0 no errors, 2 configuration or handlers, 4 store, ports, data folder or Kafka.',
    );
  addExamples(addSettingFlags(command), 'xqueue doctor --port 0');
  addOutputOption(command).action(async () => {
    const findings = await allFindings(() => configOf(command, io));
    const code = codeOf(findings);
    if (outputOf(command) === 'json')
      io.out(JSON.stringify({ ok: code === EXIT.ok, findings: findings.map(shown) }, null, 2));
    else
      io.out(
        table(
          ['CHECK', 'STATUS', 'DETAIL'],
          findings.map(({ check, status, detail }) => [check, status, detail]),
        ),
      );
    if (code !== EXIT.ok) throw new Exit(code, summary(findings));
  });
}

/** A configuration that cannot be used is the first thing that is wrong, and nothing else can be looked at. */
async function allFindings(read: () => Resolved): Promise<Finding[]> {
  let resolved: Resolved;
  try {
    resolved = read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ name, source, message }) => ({
      check: 'config',
      status: 'error',
      detail: `${name}${source ? ` (${source})` : ''}: ${message}`,
      fault: 'given',
    }));
  }
  const chosen = resolved.settings.filter(({ source }) => source !== 'default').length;
  const detail = `${chosen} of ${resolved.settings.length} settings are not at their default (xqueue config show).`;
  // Loads the product; a configuration that is wrong should be told without waiting for that.
  const { examine } = await import('../compose/doctor/examine.ts');
  return [{ check: 'config', status: 'ok', detail }, ...(await examine(resolved))];
}

function shown({ check, status, detail }: Finding): object {
  return { check, status, detail };
}

function codeOf(findings: readonly Finding[]): ExitCode {
  const errors = findings.filter(({ status }) => status === 'error');
  if (errors.length === 0) return EXIT.ok;
  return errors.some(({ fault }) => fault === 'given') ? EXIT.usage : EXIT.unreachable;
}

function summary(findings: readonly Finding[]): string {
  const count = findings.filter(({ status }) => status === 'error').length;
  return count === 1 ? 'One thing keeps a node from working.' : `${count} things keep a node from working.`;
}
