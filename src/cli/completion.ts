// `xqueue completion bash|zsh|fish`: a script for the shell, made from the commands themselves.
import type { Command } from 'commander';
import { addExamples } from './examples.ts';
import type { Io } from './io.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export function addCompletion(program: Command, io: Io): void {
  const command = program
    .command('completion')
    .description('Print a completion script for a shell')
    .argument('<shell>', SHELLS.join(', '));
  addExamples(command, 'source <(xqueue completion bash)');
  command.action((shell: string) => {
    const words = wordsOf(program);
    switch (shell) {
      case 'bash':
        return io.out(bash(words));
      case 'zsh':
        return io.out(`#compdef xqueue\nautoload -U +X bashcompinit && bashcompinit\n${bash(words)}`);
      case 'fish':
        return io.out(fish(words));
      default:
        return command.error(`error: unknown shell "${shell}"; there are ${SHELLS.join(', ')}`);
    }
  });
}

/** What may follow each command: `task submit` -> `--priority` ... */
function wordsOf(command: Command, path = ''): Map<string, string[]> {
  const words = new Map<string, string[]>();
  const options = command.options.filter((option) => !option.hidden).flatMap((option) => option.long ?? []);
  words.set(path, [...command.commands.map((sub) => sub.name()), ...options, '--help'].sort());
  for (const sub of command.commands) {
    for (const [name, list] of wordsOf(sub, `${path} ${sub.name()}`.trim())) words.set(name, list);
  }
  return words;
}

/** Words that are no commands (ids, values) are passed over, so that `task get <id> --w` still completes. */
function bash(words: ReadonlyMap<string, readonly string[]>): string {
  const cases = [...words].map(([path, list]) => `    "${path}") words="${list.join(' ')}" ;;`);
  return [
    '_xqueue() {',
    '  local path="" word words',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    case " $(_xqueue_words "$path") " in *" $word "*) [[ $word == -* ]] || path="${path:+$path }$word" ;; esac',
    '  done',
    '  words=$(_xqueue_words "$path")',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    '_xqueue_words() {',
    '  local words=""',
    '  case "$1" in',
    ...cases,
    '  esac',
    '  echo "$words"',
    '}',
    'complete -o default -F _xqueue xqueue',
  ].join('\n');
}

function fish(words: ReadonlyMap<string, readonly string[]>): string {
  const lines = [...words].flatMap(([path, list]) => {
    const seen =
      path === '' ? 'not __fish_seen_subcommand_from' : `__fish_seen_subcommand_from ${path.split(' ').at(-1)}`;
    const condition = path === '' ? `${seen} ${subcommands(words)}` : seen;
    return list.map((word) =>
      word.startsWith('--')
        ? `complete -c xqueue -n '${condition}' -l ${word.slice(2)}`
        : `complete -c xqueue -f -n '${condition}' -a ${word}`,
    );
  });
  return lines.join('\n');
}

function subcommands(words: ReadonlyMap<string, readonly string[]>): string {
  return (words.get('') ?? []).filter((word) => !word.startsWith('-')).join(' ');
}
