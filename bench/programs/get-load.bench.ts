// Reads addresses one call at a time over one connection and answers how long each call took.
import { Agent, get } from 'node:http';
import { run } from '../harness/program.ts';

export interface GetInput {
  readonly urls: readonly string[];
  readonly callsPerUrl: number;
}

export interface GetResult {
  /** In the order of `urls`. */
  readonly latenciesMs: readonly (readonly number[])[];
  readonly bodies: readonly string[];
}

const WARM_UP_CALLS = 5;

await run(async ({ urls, callsPerUrl }: GetInput) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const bodies: string[] = [];
  for (const url of urls) for (let n = 0; n < WARM_UP_CALLS; n++) await read(url, agent);
  return {
    measure: async (): Promise<GetResult> => {
      const latenciesMs: number[][] = [];
      for (const url of urls) {
        const own: number[] = [];
        let body = '';
        for (let n = 0; n < callsPerUrl; n++) {
          const from = performance.now();
          body = await read(url, agent);
          own.push(performance.now() - from);
        }
        latenciesMs.push(own);
        bodies.push(body.slice(0, 100_000));
      }
      return { latenciesMs, bodies };
    },
    end: async () => agent.destroy(),
  };
});

function read(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`${url}: ${text}`))));
    });
    request.on('error', reject);
  });
}
