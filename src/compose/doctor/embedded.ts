// The data file of the embedded store: its folder, the file, and whether somebody has it.
import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DatabaseRefused, openDatabase } from '../../adapters/sqlite/database.ts';
import { type Finding, textOf } from './finding.ts';

/** Below this a busy queue can fill the disk within the day. */
const FREE_BYTES_MIN = 1024 ** 3;

export async function checkEmbedded(path: string): Promise<Finding[]> {
  if (path === ':memory:') {
    return [{ check: 'store', status: 'ok', detail: 'SQLite in memory: all tasks are gone when the process ends.' }];
  }
  const file = resolve(path);
  const folder = await nearestFolder(dirname(file));
  return [await writable(folder), await room(folder), await usable(file)];
}

/** The folder itself, or the one in which it would be made. */
async function nearestFolder(folder: string): Promise<string> {
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  return isThere || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));
}

async function writable(folder: string): Promise<Finding> {
  const check = 'data folder';
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return { check, status: 'ok', detail: `${folder} can be written.` };
  } catch (error) {
    return { check, status: 'error', detail: `${folder} cannot be written: ${textOf(error)}` };
  }
}

async function room(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const free = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free`;
  if (freeBytes >= FREE_BYTES_MIN) return { check: 'disk', status: 'ok', detail: `${free}.` };
  return { check: 'disk', status: 'warning', detail: `Only ${free}: a full disk refuses every submit.` };
}

/** A file that is not there yet is not made. */
async function usable(file: string): Promise<Finding> {
  const check = 'store';
  try {
    await access(file);
  } catch {
    return { check, status: 'ok', detail: `The data file ${file} is made with the first start.` };
  }
  try {
    openDatabase(file).close();
    return { check, status: 'ok', detail: `The data file ${file} can be used.` };
  } catch (error) {
    // Most often the node that is asked about: it runs.
    const isRunning = error instanceof DatabaseRefused && /in use by another process/.test(error.message);
    return { check, status: isRunning ? 'warning' : 'error', detail: textOf(error) };
  }
}
