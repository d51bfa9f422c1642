// MQTT topic names. Ids and statuses hold no wildcard and no slash, so a topic can only ever mean one thing.
import type { TaskChangeEvent } from './push-messages.ts';

/** The base topic with a last level `status` replaced by `progress`, else with `/progress` added. */
export function progressBase(base: string): string {
  const levels = base.split('/');
  if (levels.at(-1) === 'status') return [...levels.slice(0, -1), 'progress'].join('/');
  return `${base}/progress`;
}

/** Makes the topics of an event below a base (`task/status`): by task, and for status changes also by status. */
export function topicsBelow(base: string): (event: TaskChangeEvent) => readonly string[] {
  const progress = progressBase(base);
  return (event) =>
    event.kind === 'status'
      ? [`${base}/${event.taskId}`, `${base}/status/${event.status}`]
      : [`${progress}/${event.taskId}`];
}

/** Filters that cover everything the server publishes: only the server may publish below them. */
export function reservedFilters(base: string): readonly string[] {
  return [`${base}/#`, `${progressBase(base)}/#`];
}
