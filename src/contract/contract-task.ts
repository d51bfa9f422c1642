// From a contract and an input to a task that can be submitted.
import type { Fault } from '../domain/errors.ts';
import type { AnyContract, InputOf } from './define-task.ts';
import { check } from './standard-schema.ts';
import { invalidTask, mergedOptions, type SubmitOptions } from './submit-options.ts';

export interface TaskInput extends SubmitOptions {
  readonly type: string;
  /** Any JSON value; default `{}`. */
  readonly payload?: unknown;
}

/**
 * What travels is the input as it was given; defaults and conversions of the schema are applied where it runs, so that
 * the handler sees what its own version of the schema makes of it.
 * @throws XQueueError `invalid_request` with all faults
 */
export async function contractTask<Contract extends AnyContract>(
  contract: Contract,
  input: InputOf<Contract>,
): Promise<{ readonly type: string; readonly payload: unknown; readonly options: SubmitOptions }> {
  const faults = await faultsOf(contract, input, '');
  if (faults.length > 0) throw invalidTask(faults);
  return { type: contract.type, payload: input, options: contract.optionsFor(input) };
}

/** As `contractTask` for many; `options` win over what the contract says. */
export async function contractTasks<Contract extends AnyContract>(
  contract: Contract,
  inputs: readonly InputOf<Contract>[],
  options: readonly SubmitOptions[],
): Promise<TaskInput[]> {
  const faults: Fault[] = [];
  for (const [index, input] of inputs.entries()) faults.push(...(await faultsOf(contract, input, `[${index}].`)));
  if (faults.length > 0) throw invalidTask(faults);
  return inputs.map((input) => ({
    ...mergedOptions([contract.optionsFor(input), ...options]),
    type: contract.type,
    payload: input,
  }));
}

async function faultsOf(contract: AnyContract, input: unknown, at: string): Promise<readonly Fault[]> {
  if (contract.input === undefined) return [];
  const checked = await check(contract.input, input, `${at}payload`);
  return checked.ok ? [] : checked.faults;
}
