// The demo handler `example`: waits, reports progress step by step, honours cancel. What a first look at XQueue runs.
import { NonRetryableError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Handler, HandlerContext } from './handler.ts';

const DURATION_SECONDS = 1;
const STEPS = 4;
const STEPS_MAX = 1000;

interface ExamplePayload {
  readonly message: string;
  readonly durationSeconds: number;
  readonly fail: string | null;
  readonly steps: number;
}

export function exampleHandler(clock: Clock): Handler {
  return {
    type: 'example',
    async handle(task, ctx) {
      const { message, durationSeconds, fail, steps } = payloadOf(task.payload);
      for (let step = 1; step <= steps; step++) {
        await pause(clock, (durationSeconds * 1000) / steps, ctx.signal);
        await reportStep(ctx, step, steps);
      }
      if (fail !== null) throw new Error(fail);
      return { message, duration: durationSeconds };
    },
  };
}

async function reportStep(ctx: HandlerContext, step: number, steps: number): Promise<void> {
  const message = `step ${step} of ${steps}`;
  ctx.log.debug(message);
  await ctx.progress({ progress: Math.round((step / steps) * 100), message });
}

/** Trying again would not make it better: what is wrong with the payload is said at once and all together. */
function payloadOf(payload: unknown): ExamplePayload {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw new NonRetryableError('The payload must be an object');
  }
  const {
    message = 'done',
    duration = DURATION_SECONDS,
    fail = null,
    steps = STEPS,
  } = payload as Record<string, unknown>;
  const problems: string[] = [];
  if (typeof message !== 'string') problems.push('`message` must be a text');
  if (typeof duration !== 'number' || duration < 0 || duration > LIMITS.durationSecondsMax) {
    problems.push(`\`duration\` must be a number of seconds from 0 to ${LIMITS.durationSecondsMax}`);
  }
  if (fail !== null && typeof fail !== 'string') problems.push('`fail` must be a text');
  if (typeof steps !== 'number' || !Number.isInteger(steps) || steps < 1 || steps > STEPS_MAX) {
    problems.push(`\`steps\` must be a whole number from 1 to ${STEPS_MAX}`);
  }
  if (problems.length > 0) throw new NonRetryableError(`The payload is not valid: ${problems.join('; ')}`);
  return {
    message: message as string,
    durationSeconds: duration as number,
    fail: fail as string | null,
    steps: steps as number,
  };
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      timer.cancel();
      reject(signal.reason as Error);
    };
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const timer = clock.after(delayMs, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}
