// A change of one place of a Lua script that breaks one guarantee.

export interface LuaPatch {
  readonly name: string;
  /** The invariant or rule that it breaks. */
  readonly breaks: string;
  /** Script or part, without its ending. */
  readonly file: string;
  /** Text that stands there exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The test that noticed it when it was written: asked first. Others may as well. */
  readonly caughtBy?: string;
}
