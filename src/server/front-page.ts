// The page at `/` where the console was never built: says what runs here, where to go, and how to have the console.
// No scripts; it loads itself again now and then.
import { hash } from 'node:crypto';
import type { StatsAnswer } from '../protocol/schemas/operations.ts';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 42rem; margin: 4rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(6rem, 1fr)); gap: 1rem; }
dt { opacity: .7; } dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
`;

/** Allows exactly this page's own style and nothing else. */
export const FRONT_PAGE_CSP = `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const REFRESH_SECONDS = 5;

/** @param counts `null`: not for everybody to see, or not known now */
export function frontPage(version: string, counts: StatsAnswer['tasks'] | null): string {
  const numbers =
    counts === null
      ? ''
      : `<dl>${Object.entries(counts)
          .map(([name, count]) => `<div><dt>${name}</dt><dd>${count}</dd></div>`)
          .join('')}</dl>`;
  const refresh = counts === null ? '' : `<meta http-equiv="refresh" content="${REFRESH_SECONDS}">`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refresh}
<title>XQueue</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>XQueue</h1>
<p>A distributed task queue. Version ${version}.</p>
${numbers}
<p>The console is not built here. In the repository: <code>npm ci --prefix console &amp;&amp; npm run build --prefix console</code>, then start again.</p>
<ul>
<li><a href="/api/v1/docs/">API documentation</a> (<a href="/api/v1/openapi.json">OpenAPI</a>)</li>
<li><a href="/api/v1/stats">Statistics</a></li>
<li><a href="/api/v1/tasks">Tasks</a></li>
<li><a href="/api/v1/health">Health</a></li>
</ul>
</main>
</body>
</html>
`;
}
