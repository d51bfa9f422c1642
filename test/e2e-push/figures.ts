// The figures of the push as a monitoring system reads them: from the text of /metrics.

export interface PushFigures {
  /** Changes, as the next two. */
  readonly published: number;
  readonly dropped: number;
  readonly waiting: number;
  readonly brokerUp: number;
  /** What clients may not do, by kind. */
  readonly refused: Readonly<Record<string, number>>;
}

/** @param root `http://host:port` */
export async function figuresOf(root: string): Promise<PushFigures> {
  const text = await (await fetch(`${root}/metrics`)).text();
  const samples = [...text.matchAll(/^xqueue_push_(\w+?)(?:\{\w+="(\w+)"\})? (\S+)$/gm)].map(
    ([, name = '', label = '', value = '']) => ({ name, label, value: Number(value) }),
  );
  const sum = (name: string): number =>
    samples.filter((sample) => sample.name === name).reduce((total, { value }) => total + value, 0);
  const refused = samples.filter(({ name }) => name === 'refused_of_clients_total');
  return {
    published: sum('published_events_total'),
    dropped: sum('dropped_events_total'),
    waiting: sum('queue_events'),
    brokerUp: sum('broker_up'),
    refused: Object.fromEntries(refused.map(({ label, value }) => [label, value])),
  };
}
