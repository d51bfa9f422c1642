// Tasks through the HTTP API of a started server, until all of them have succeeded.

const BATCH = 1000;

interface Stats {
  readonly types: Readonly<Record<string, { readonly success: number }>>;
}

/** Submits in batches of a thousand, four under way. The server must be new, or the type not yet used. */
export async function runTasks(url: string, type: string, count: number): Promise<void> {
  const tasks = Array.from({ length: BATCH }, (_, number) => ({ type, payload: { number } }));
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ tasks }) };
  let left = count / BATCH;
  const submit = async (): Promise<void> => {
    while (left-- > 0) await (await fetch(`${url}/api/v1/tasks/batch`, request)).text();
  };
  await Promise.all([submit(), submit(), submit(), submit()]);
  for (;;) {
    const { types } = (await (await fetch(`${url}/api/v1/stats`)).json()) as Stats;
    if ((types[type]?.success ?? 0) >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
