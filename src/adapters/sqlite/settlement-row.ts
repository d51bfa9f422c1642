// A settlement on its way into the store's thread, and what comes back. Nearly all are a success that the holder reports; it is
// three values, since the clone between threads costs by the number of names.
import type { Settlement, SettleReply } from '../../ports/task-store.ts';
import { STATUS_CODES } from './status.ts';

export type SuccessRow = readonly [id: string, token: number, result: string | null];
export type SettlementRow = SuccessRow | Settlement;

export function settlementRow(settlement: Settlement): SettlementRow {
  const { id, token, outcome, handler, by } = settlement;
  const isPlain = outcome.kind === 'succeed' && handler === 'ended' && by === 'holder';
  return isPlain ? [id, token, outcome.result] : settlement;
}

export function settlementOf(row: SettlementRow): Settlement {
  if ('id' in row) return row;
  const [id, token, result] = row;
  return { id, token, outcome: { kind: 'succeed', result }, handler: 'ended', by: 'holder' };
}

/** @param status of the task now; `null`: the lease was lost */
export function settleReply(status: number | null): SettleReply {
  return status === null ? { state: 'lease_lost' } : { state: 'settled', status: STATUS_CODES[status] ?? 'failed' };
}
