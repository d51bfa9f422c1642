// Starts what a node does with the log beside submitting: reading it into the store, writing changes to it, watching it.
import type { ConcurrencyStrategy } from '../../domain/concurrency.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { IngestMember } from '../../ports/task-log.ts';
import type { TaskStore } from '../../ports/task-store.ts';
import type { SubmissionDefaults } from '../submission.ts';
import { EventWriter } from './event-writer.ts';
import { Ingest } from './ingest.ts';
import type { LogFront, LogStatus } from './log-front.ts';
import { LogWatch } from './log-watch.ts';

export interface LogSide {
  status(): LogStatus;
  close(): Promise<void>;
}

export interface LogSideParts {
  readonly front: LogFront;
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly defaults: SubmissionDefaults;
  readonly strategies: readonly ConcurrencyStrategy[];
}

export function startLog({ front, store, clock, log: logger, defaults, strategies }: LogSideParts): LogSide {
  const { topic, originOf, parse } = front;
  const ingest = new Ingest({ front, rules: { topic, originOf, parse, defaults, strategies }, clock, logger });
  const writer = new EventWriter({ store, front, clock, logger });
  const problems = () => (writer.fault === null ? ingest.problems : [...ingest.problems, writer.fault]);
  const watch = new LogWatch({ front, clock, problems });
  const joining = front.log.join(ingest).catch((error: unknown): IngestMember | null => {
    logger.error('The log cannot be read', { error });
    return null;
  });
  writer.start();
  watch.start();
  return {
    status: () => watch.status(),
    close: async () => {
      await (await joining)?.close();
      await Promise.all([writer.close(), watch.close()]);
    },
  };
}
