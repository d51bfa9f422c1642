// How long requests took, as a Prometheus histogram. Counted here and not by the library, which looks its series up by a text
// it makes anew for each request.

const NAME = 'xqueue_http_request_duration_seconds';
const HELP = 'Time from the request to the end of its answer';
/** Upper bounds in seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

interface Durations {
  /** As in the text format; nothing in it needs escaping: the routes are ours. */
  readonly labels: string;
  /** How many fell into each bucket and into none below; the last one is without bound. */
  readonly counts: number[];
  sumSeconds: number;
}

export class RequestDurations {
  readonly #all: Durations[] = [];

  /** Makes an observer of ended requests for one route. */
  of(method: string, path: string): (status: number, durationMs: number) => void {
    const byStatus = new Map<number, Durations>();
    return (status, durationMs) => {
      let durations = byStatus.get(status);
      if (durations === undefined) {
        durations = this.#add(`method="${method}",path="${path}",status="${status}"`);
        byStatus.set(status, durations);
      }
      const seconds = durationMs / 1000;
      const bucket = bucketOf(seconds);
      durations.counts[bucket] = (durations.counts[bucket] ?? 0) + 1;
      durations.sumSeconds += seconds;
    };
  }

  /** The text for a scrape. */
  render(): string {
    const lines = [`# HELP ${NAME} ${HELP}`, `# TYPE ${NAME} histogram`];
    for (const { labels, counts, sumSeconds } of this.#all) {
      let count = 0;
      for (const [bucket, n] of counts.entries()) {
        count += n;
        lines.push(`${NAME}_bucket{le="${BUCKETS[bucket] ?? '+Inf'}",${labels}} ${count}`);
      }
      lines.push(`${NAME}_sum{${labels}} ${sumSeconds}`, `${NAME}_count{${labels}} ${count}`);
    }
    return `${lines.join('\n')}\n`;
  }

  #add(labels: string): Durations {
    const durations = { labels, counts: Array.from({ length: BUCKETS.length + 1 }, () => 0), sumSeconds: 0 };
    this.#all.push(durations);
    return durations;
  }
}

function bucketOf(seconds: number): number {
  const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
  return bucket < 0 ? BUCKETS.length : bucket;
}
