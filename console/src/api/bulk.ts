// Bulk operations.
import type { BulkBody, BulkOperation } from '../../../src/protocol/schemas/bulk.ts';
import { callJson } from './call.ts';

export type { BulkOperation } from '../../../src/protocol/schemas/bulk.ts';
export type BulkWish = Omit<BulkBody, 'preview'>;

export async function previewBulk(wish: BulkWish): Promise<number> {
  const body = JSON.stringify({ ...wish, preview: true });
  return (await callJson<{ matched: number }>('POST', '/bulk', { body })).matched;
}

export function startBulk(wish: BulkWish): Promise<BulkOperation> {
  return callJson('POST', '/bulk', { body: JSON.stringify(wish) });
}

export function getBulk(id: string): Promise<BulkOperation> {
  return callJson('GET', `/bulk/${id}`);
}

export function stopBulk(id: string): Promise<BulkOperation> {
  return callJson('DELETE', `/bulk/${id}`);
}
