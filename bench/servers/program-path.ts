// Debian keeps servers where an ordinary user's PATH does not look.
import { accessSync, constants, globSync } from 'node:fs';
import { join } from 'node:path';

/** @throws an error that names the Debian package to install */
export function programPath(name: string, debianPackage: string, folders: readonly string[] = []): string {
  const found = [...folders.flatMap((folder) => globSync(folder)), ...(process.env.PATH ?? '').split(':'), '/usr/sbin']
    .map((folder) => join(folder, name))
    .find((path) => isExecutable(path));
  if (found === undefined) throw new Error(`${name} is missing (sudo apt-get install ${debianPackage})`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
