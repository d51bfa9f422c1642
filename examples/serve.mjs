// Serves examples/browser.html and the MQTT client it uses, and passes /mqtt on to an XQueue server, so that the page and
// the server are one address for the browser, as they would be behind a reverse proxy.
//
//   node examples/serve.mjs                                    page on http://127.0.0.1:8081, server on 127.0.0.1:8080
//   node examples/serve.mjs --port 9000 --to 127.0.0.1:9080
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '8081' }, to: { type: 'string', default: '127.0.0.1:8080' } },
});
const target = new URL(`tcp://${values.to}`);

/** These and nothing else. */
const FILES = new Map([
  ['/examples/browser.html', 'text/html; charset=utf-8'],
  ['/node_modules/mqtt/dist/mqtt.min.js', 'text/javascript; charset=utf-8'],
]);

const server = createServer((request, response) => {
  const [path = '/'] = (request.url ?? '/').split('?');
  const type = FILES.get(path);
  if (path === '/') response.writeHead(302, { location: '/examples/browser.html' }).end();
  else if (type === undefined) response.writeHead(404).end('not found\n');
  else {
    response.writeHead(200, { 'content-type': type, 'x-content-type-options': 'nosniff' });
    response.end(readFileSync(new URL(`..${path}`, import.meta.url)));
  }
});

// The request goes on as it came, Host and Origin included: the server itself judges whether the page may listen.
server.on('upgrade', (request, socket, head) => {
  socket.on('error', () => socket.destroy());
  if ((request.url ?? '').split('?')[0] !== '/mqtt') return socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
  const upstream = connect({ host: target.hostname, port: Number(target.port) });
  upstream.on('error', () => socket.destroy());
  upstream.on('close', () => socket.destroy());
  socket.on('close', () => upstream.destroy());
  const headers = request.rawHeaders.map((word, at) => (at % 2 === 0 ? `${word}: ` : `${word}\r\n`)).join('');
  upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers}\r\n`);
  upstream.write(head);
  upstream.pipe(socket);
  socket.pipe(upstream);
});

server.listen(Number(values.port), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}/\n`);
});
