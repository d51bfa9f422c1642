// The program's log through pino, on standard error: standard output is for data.
import { destination, type Logger as Pino, pino } from 'pino';
import { build as pretty } from 'pino-pretty';
import type { Logger } from '../../ports/logger.ts';

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly format: 'pretty' | 'json';
}

/** Lines are written before the call returns, so that the last ones before an exit are not lost. */
export function createPinoLogger({ level, format }: LogSettings): Logger {
  const stderr = destination({ fd: process.stderr.fd, sync: true });
  // Whoever read the log may be gone (a closed pipe, a full disk). That is no reason to end running tasks.
  stderr.on('error', () => undefined);
  const people = () =>
    pretty({
      destination: stderr,
      colorize: process.stderr.isTTY,
      translateTime: 'SYS:HH:MM:ss.l',
      ignore: 'pid,node',
      singleLine: true,
      errorLikeObjectKeys: ['err', 'error'],
    });
  return wrap(
    pino(
      {
        level,
        base: { pid: process.pid },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
      },
      format === 'json' ? stderr : people(),
    ),
  );
}

function wrap(log: Pino): Logger {
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
    child: (fields) => wrap(log.child({ ...fields })),
  };
}
