// A file system of a few megabytes that a test can fill, so that the disk is full for real.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export interface SmallDisk {
  readonly path: string;
  /** Takes every byte that is left. */
  fill(): void;
  /** Gives them back. */
  free(): void;
}

/** Mounts it, which only root may; there is no other way to a full disk, so anybody else sees the test fail. */
export function smallDisk(t: TestContext, megabytes: number): SmallDisk {
  assert.equal(process.getuid?.(), 0, 'this test mounts a small file system: run it as root, on Linux');
  const folder = mkdtempSync(join(tmpdir(), 'xqueue-disk-'));
  const path = join(folder, 'disk');
  const ballast = join(path, 'ballast');
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'xqueue-test', path]);
  t.after(() => {
    execFileSync('umount', ['--lazy', path]);
    rmSync(folder, { recursive: true });
  });
  return { path, fill: () => fill(ballast), free: () => rmSync(ballast) };
}

function fill(file: string): void {
  const block = Buffer.alloc(4096);
  const ballast = openSync(file, 'a');
  try {
    for (;;) writeSync(ballast, block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(ballast);
  }
}
