// Names of locks and of those who hold them. Users' locks and XQueue's own live in one place and must not meet.

/** Locks of XQueue itself begin with it; users' locks cannot. */
export const OWN_LOCKS = 'xqueue:';

/** Who holds a lock. */
export interface LockOwner {
  readonly nodeId: string;
  /** `null`: the program itself, through its TaskManager. */
  readonly taskId: string | null;
}

/** @param unique what makes this acquisition unlike every other one of the same holder; without `/` at its beginning */
export function lockOwner({ nodeId, taskId }: LockOwner, unique: string): string {
  return `${nodeId}/${taskId ?? 'manager'}/${unique}`;
}

export function readLockOwner(owner: string): LockOwner {
  const [nodeId = '', holder = 'manager'] = owner.split('/');
  return { nodeId, taskId: holder === 'manager' ? null : holder };
}
