// Puts the write-ahead log on disk without holding up the store: SQLite commits in order but does not wait, and this
// waits beside it, in the thread pool. What is committed meanwhile shares the next wait (group commit).
// `fdatasync` after the commit's frames is all that `synchronous = FULL` adds to `NORMAL`: https://www.sqlite.org/wal.html
import { fdatasync, openSync } from 'node:fs';
import { StoreUnavailable } from '../../domain/errors.ts';

/** `null`: the log is on disk up to where it was when the wait was asked for. */
type Told = (fault: StoreUnavailable | null) => void;

export class LogSync {
  readonly #path: string;
  /** Never closed before the process ends: it costs nothing, and the log is the same file as long as the database is open. */
  #file: number | null = null;
  #waiting: Told[] = [];
  #isSyncing = false;
  #fault: StoreUnavailable | null = null;

  /** @param path of the database */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * After a failure nobody knows what the disk holds, and asking again may claim success without it: it stays a failure.
   * https://www.usenix.org/conference/atc20/presentation/rebello
   */
  get fault(): StoreUnavailable | null {
    return this.#fault;
  }

  /** Tells when everything committed so far is on disk. Told in the order of asking. */
  wait(told: Told): void {
    this.#waiting.push(told);
    if (!this.#isSyncing) this.#sync();
  }

  #sync(): void {
    const covered = this.#waiting;
    this.#waiting = [];
    this.#isSyncing = true;
    const done = (error: unknown): void => {
      this.#isSyncing = false;
      if (error !== null)
        this.#fault ??= new StoreUnavailable('The embedded store cannot be used: its log cannot be put on disk', error);
      for (const told of covered) told(this.#fault);
      if (this.#waiting.length > 0 && !this.#isSyncing) this.#sync();
    };
    if (this.#fault !== null) return done(null);
    try {
      this.#file ??= openSync(`${this.#path}-wal`, 'r+');
    } catch (error) {
      return done(error);
    }
    fdatasync(this.#file, done);
  }
}
