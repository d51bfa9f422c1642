// What the operations of this adapter need: to run a step, on the connection that suits it.
import type { ScriptArgs, StepReply } from './calls.ts';

export interface Shard {
  /** The log its tasks come from; `null`: none. Records name its topic by the tag. */
  readonly log: { readonly topic: string; readonly tag: number } | null;
  /** A step others wait for: small, soon. */
  step(name: string, args?: ScriptArgs): Promise<StepReply>;
  /** A step whose answer may be large; it must not hold up the others. */
  read(name: string, args?: ScriptArgs): Promise<StepReply>;
}
