// What a canceled task says of its end. One wording, so that every store writes the same error to the byte.

/** Where the cancel met the task. */
export type CanceledWhen = 'before it started' | 'while running';

/** The task's `error`. @param reason what the caller gave, or `null` */
export function canceledMessage(when: CanceledWhen, reason: string | null): string {
  return reason === null ? `Canceled ${when}` : `Canceled ${when}: ${reason}`;
}
