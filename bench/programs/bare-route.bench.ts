// What the HTTP library can do at best with the same work: parse the body, validate it against the same schema, answer a
// task in the same shape. It stores nothing.
import { randomUUID } from 'node:crypto';
import fastify from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { SubmitBody } from '../../src/protocol/schemas/submit.ts';
import { run } from '../harness/program.ts';

export interface BareInput {
  /** A task as XQueue answered it. */
  readonly answer: Readonly<Record<string, unknown>>;
}

await run(async ({ answer }: BareInput) => {
  // The validator XQueue uses as well; faster than Fastify's default one.
  const app = fastify({ logger: false });
  app.setValidatorCompiler<TSchema>(({ schema }) => {
    const compiled = Compile(schema);
    return (value) => (compiled.Check(value) ? { value } : { error: new Error('not valid') });
  });
  app.post('/api/v1/tasks', { schema: { body: SubmitBody } }, (request, reply) => {
    const { type, payload, priority = 0 } = request.body as SubmitBody;
    const now = new Date().toISOString();
    const id = randomUUID();
    void reply
      .code(201)
      .header('xqueue-durability', 'fsync')
      .header('location', `/api/v1/tasks/${id}`)
      .send({ ...answer, id, type, payload, priority, created_at: now, updated_at: now, run_at: now });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const address = app.server.address();
  return {
    ready: { port: typeof address === 'object' ? address?.port : null },
    end: () => app.close(),
  };
});
