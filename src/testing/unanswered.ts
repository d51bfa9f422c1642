// Where the children of a handler are that runs without a queue: nowhere. Waiting for one would be waiting for ever.
import type { TaskSource } from '../contract/task-handle.ts';

const refuse = (): never => {
  throw new Error('runHandler does not run child tasks: test the handler that waits for one with createTestQueue');
};

export const unanswered: TaskSource = {
  get: async () => refuse(),
  waitForFinal: async () => refuse(),
  watch: () => refuse(),
  cancel: async () => refuse(),
};
