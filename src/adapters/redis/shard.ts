// What the operations of this adapter need: to run a step, on the connection that suits it.
import type { ScriptArgs, StepReply } from './calls.ts';

export interface Shard {
  /** What the key of each task begins with; its id follows. */
  readonly taskKey: string;
  /** The log its tasks come from; `null`: none. Records name its topic by the tag. */
  readonly log: { readonly topic: string; readonly tag: number } | null;
  /** A step others wait for: small, soon. */
  step(name: string, args?: ScriptArgs): Promise<StepReply>;
  /** A step whose answer may be large; it must not hold up the others. */
  read(name: string, args?: ScriptArgs): Promise<StepReply>;
}
