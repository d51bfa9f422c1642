// What people look at: the console (or, where it was never built, a page that says so) and the API documentation, which
// works without the internet.
import type { FastifyInstance } from 'fastify';
import { addConsole } from './console.ts';
import type { ConsoleFiles } from './console-files.ts';
import { addDocsPage } from './docs-page.ts';
import { FRONT_PAGE_CSP, frontPage } from './front-page.ts';
import { totalsOf } from './routes/stats.ts';
import type { Services } from './services.ts';

export function addPages(app: FastifyInstance, services: Services, console: ConsoleFiles | null): void {
  if (console === null) addFrontPage(app, services);
  else addConsole(app, console);
  addDocsPage(app);
}

function addFrontPage(app: FastifyInstance, services: Services): void {
  app.get('/', async (_request, reply) => {
    const page = frontPage(services.version, await countsForEverybody(services));
    return reply
      .headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': FRONT_PAGE_CSP })
      .send(page);
  });
}

/** The page is open to all; numbers are for readers. */
async function countsForEverybody({ isOpen, engine, log }: Services) {
  if (!isOpen) return null;
  try {
    return totalsOf(Object.values((await engine.stats()).types));
  } catch (error) {
    log.debug('The front page without the store', { error });
    return null;
  }
}
