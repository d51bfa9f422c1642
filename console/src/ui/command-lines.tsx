// Lines to copy into a shell.
import type { Command } from '../pages/task/commands.ts';
import { CopyButton } from './copy.tsx';

export function CommandLines({ commands }: { readonly commands: readonly Command[] }) {
  return (
    <ul class="commands">
      {commands.map(({ name, line }) => (
        <li key={line}>
          <code>{line}</code>
          <CopyButton text={line} label={name} />
        </li>
      ))}
    </ul>
  );
}
