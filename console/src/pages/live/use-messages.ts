// The last messages of the topics chosen: over MQTT, or from the feed of all pages where there is no broker.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Push } from '../../api/cluster.ts';
import type { Status } from '../../api/task.ts';
import type { Change, Transport } from '../../live/change.ts';
import { type FeedState, feedState, onChanges } from '../../live/feed.ts';
import { PerFrame } from '../../live/per-frame.ts';
import { useCell } from '../../state/cell.ts';
import { useNow } from '../../state/now.ts';

export type Topic = 'all' | 'progress' | Status;

export interface Message {
  readonly n: number;
  readonly at: number;
  readonly change: Change;
}

export const PER_SECOND_MAX = 500;
const KEPT = 2000;
const RATE_OVER_MS = 3000;
/** So long ago messages were left out, and it is still said. */
const SOME_MS = 2500;

export interface Wanted {
  readonly push: Push | undefined;
  readonly topic: Topic;
  readonly isPaused: boolean;
}

/** Newest first. */
export function useMessages({ push, topic, isPaused }: Wanted) {
  const [kept, setKept] = useState<{ readonly messages: readonly Message[]; readonly seen: number }>({
    messages: [],
    seen: 0,
  });
  const [feed, setFeed] = useState<{ readonly of: Topic; readonly state: FeedState }>({
    of: topic,
    state: 'connecting',
  });
  const [someAt, setSomeAt] = useState(Number.NEGATIVE_INFINITY);
  const paused = useRef(isPaused);
  paused.current = isPaused;
  const arrivals = useRef<{ at: number; n: number }[]>([]);
  const now = useNow();
  const ofPages = useCell(feedState);
  const mqtt = push?.mqtt;
  const isMqtt = mqtt !== undefined && mqtt.status !== 'off';

  const take = (changes: readonly Change[]): void => {
    const at = Date.now();
    arrivals.current = [...arrivals.current.filter((one) => one.at > at - RATE_OVER_MS), { at, n: changes.length }];
    if (paused.current) return;
    setKept(({ messages, seen }) => {
      const fresh = changes.map((change, i) => ({ n: seen + i, at, change })).reverse();
      return { messages: [...fresh, ...messages].slice(0, KEPT), seen: seen + changes.length };
    });
  };

  useEffect(() => {
    if (mqtt === undefined) return;
    if (!isMqtt) return onChanges((changes) => take(changes.filter((change) => fits(change, topic))));
    const frames = new PerFrame<Change>(KEPT, take);
    let isLeft = false;
    let transport: Transport | null = null;
    setFeed({ of: topic, state: 'connecting' });
    const events = {
      change: (change: Change) => frames.add(change),
      up: () => setFeed({ of: topic, state: 'live' }),
      down: () => setFeed((before) => (before.state === 'live' ? { ...before, state: 'lost' } : before)),
      some: () => setSomeAt(Date.now()),
    };
    const connect = async (): Promise<void> => {
      const { connectMqtt } = await import('../../live/mqtt-transport.ts');
      if (isLeft) return;
      transport = await connectMqtt({ mqtt, filters: filtersOf(mqtt, topic), perSecondMax: PER_SECOND_MAX }, events);
      if (isLeft) transport.close();
    };
    void connect();
    return () => {
      isLeft = true;
      transport?.close();
    };
  }, [mqtt?.path, mqtt?.topic, isMqtt, topic]);

  const recent = arrivals.current.filter(({ at }) => at > now - RATE_OVER_MS).reduce((sum, { n }) => sum + n, 0);
  return {
    ...kept,
    rate: Math.round((recent * 1000) / RATE_OVER_MS),
    isSome: someAt > now - SOME_MS,
    transport: mqtt === undefined ? null : isMqtt ? 'mqtt' : 'sse',
    // A topic that was only just chosen is not followed yet.
    state: !isMqtt ? ofPages : feed.of === topic ? feed.state : 'connecting',
    clear: () => setKept({ messages: [], seen: 0 }),
  } as const;
}

function filtersOf({ topic: base, progress_topic }: Push['mqtt'], topic: Topic): string[] {
  if (topic === 'all') return [`${base}/status/+`, `${progress_topic}/+`];
  return [topic === 'progress' ? `${progress_topic}/+` : `${base}/status/${topic}`];
}

function fits({ kind, status }: Change, topic: Topic): boolean {
  if (topic === 'all') return true;
  return topic === 'progress' ? kind === 'progress' : kind === 'status' && status === topic;
}
