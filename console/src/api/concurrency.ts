// Concurrency keys and their limits.
import type { ConcurrencyAnswer } from '../../../src/protocol/schemas/operations.ts';
import { call, callJson } from './call.ts';

export type KeyInfo = ConcurrencyAnswer['keys'][number];

export async function getKeys(signal?: AbortSignal): Promise<readonly KeyInfo[]> {
  return (await callJson<ConcurrencyAnswer>('GET', '/concurrency', { signal })).keys;
}

/** @param max null takes the operator's limit away */
export async function setLimit(key: string, max: number | null): Promise<void> {
  const path = `/concurrency/${encodeURIComponent(key)}`;
  if (max === null) await call('DELETE', path);
  else await call('PUT', path, { body: JSON.stringify({ max_concurrency: max }) });
}
