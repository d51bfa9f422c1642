// Reads what a broker hands over. Anybody may publish on a broker of one's own: what is no message is nothing.
import type { Message } from './wire-task.ts';

/** The message of a status or progress topic, bare or as the `data` of a CloudEvent; `null`: neither. */
export function pushedMessage(payload: Uint8Array): Message | null {
  const value = jsonOf(payload);
  return isMessage(value) ? value : isCloudEvent(value) && isMessage(value.data) ? value.data : null;
}

function jsonOf(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return null;
  }
}

function isCloudEvent(value: unknown): value is { readonly data: unknown } {
  return typeof value === 'object' && value !== null && 'specversion' in value && 'data' in value;
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null) return false;
  const { task_id, type, version } = value as Partial<Message>;
  return typeof task_id === 'string' && typeof type === 'string' && typeof version === 'number';
}
