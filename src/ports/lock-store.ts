// Distributed locks and semaphores for users. A hold ends by release or by time; its fence only ever grows per key.

export interface LockRequest {
  readonly key: string;
  /** Unique per acquisition; the same request repeated answers the same hold. */
  readonly owner: string;
  /** How many owners may hold the key at once; 1 = a lock. */
  readonly max: number;
  readonly ttlMs: number;
}

export interface Hold {
  readonly key: string;
  readonly owner: string;
  /** Larger than that of every earlier hold of the key: hand it to the resource that the lock protects. */
  readonly fence: number;
  readonly remainingMs: number;
}

export interface LockStore {
  /** `null`: the key has no room now. */
  acquire(request: LockRequest): Promise<Hold | null>;
  /** `null`: the hold was lost. */
  renew(request: Omit<LockRequest, 'max'>): Promise<Hold | null>;
  /** Harmless when the hold is already gone. */
  release(key: string, owner: string): Promise<void>;
  holds(): Promise<Hold[]>;
}
