// Speaks to the server in bytes, for everything a proper HTTP client would never send.
import { connect } from 'node:net';

/** Sends the bytes and answers all that comes until the server closes, or until nothing is expected any more. */
export function exchange(port: number, bytes: string | Buffer, done?: (received: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = '';
    socket.setEncoding('latin1');
    socket.setTimeout(10_000, () => {
      socket.destroy();
      reject(new Error(`no end after 10 s: ${received.slice(0, 500)}`));
    });
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (done?.(received)) socket.destroy();
    });
    // Bytes that are still under way when the server closes end in a reset; what came before counts.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
    socket.on('connect', () => socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes));
  });
}

export function statusesOf(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}

/** The JSON body of the only answer. */
export function bodyOf(received: string): Record<string, unknown> {
  return JSON.parse(received.slice(received.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
}

export function post(path: string, body: string, headers: readonly string[] = []): string {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body, 'latin1')}`,
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

export function get(path: string, headers: readonly string[] = ['Host: localhost']): string {
  return `${[`GET ${path} HTTP/1.1`, ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`;
}
