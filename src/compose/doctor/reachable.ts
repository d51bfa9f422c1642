// Whether somebody accepts connections at an address.
import { connect } from 'node:net';
import type { Clock } from '../../ports/clock.ts';

const CONNECT_MS = 3000;

/** `null`: somebody does; else why not. */
export function whyNotReachable(host: string, port: number, clock: Clock): Promise<Error | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (why: Error | null): void => {
      timer.cancel();
      socket.destroy();
      resolve(why);
    };
    const timer = clock.after(CONNECT_MS, () => end(new Error(`no answer within ${CONNECT_MS / 1000} s`)));
    socket.once('connect', () => end(null));
    socket.once('error', end);
  });
}
