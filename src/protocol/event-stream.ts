// The text of server-sent events (HTML standard, section 9.2).

/** A comment: keeps proxies from closing a quiet stream. */
export const KEEP_ALIVE = ': keep-alive\n\n';

/** How long a browser waits before it connects again, in the stream's own syntax. */
export function reconnectAfter(ms: number): string {
  return `retry: ${ms}\n\n`;
}

export function eventText(event: { readonly name: string; readonly id: number; readonly data: string }): string {
  // A line break ends the field. In JSON text it can only stand between parts, where a blank means the same.
  return `id: ${event.id}\nevent: ${event.name}\ndata: ${event.data.replace(/[\r\n]+/g, ' ')}\n\n`;
}

/** The version a `Last-Event-ID` names; `null` when it names none. */
export function versionOfEventId(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : null;
}
