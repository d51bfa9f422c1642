// A real Mosquitto on a port and in a folder of its own, MQTT over TCP, nothing kept on disk.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../harness/child.ts';
import { freePort, listening } from './port.ts';
import { programPath } from './program-path.ts';

export interface MosquittoServer {
  readonly url: string;
  readonly port: number;
  /** Accepts connections and answers nothing. */
  freeze(): void;
  stop(): Promise<void>;
}

export async function startMosquitto(): Promise<MosquittoServer> {
  const program = programPath('mosquitto', 'mosquitto');
  const dir = mkdtempSync(join(tmpdir(), 'xqueue-bench-mosquitto-'));
  const port = await freePort();
  const lines = [
    'user root',
    'persistence false',
    'log_dest none',
    'allow_anonymous true',
    'max_queued_messages 0',
    'set_tcp_nodelay true',
  ];
  const config = join(dir, 'mosquitto.conf');
  writeFileSync(config, [`listener ${port} 127.0.0.1`, ...lines, ''].join('\n'));
  const child = new Child({ command: program, args: ['-c', config] });
  await listening(port);
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    freeze: () => void process.kill(child.pid, 'SIGSTOP'),
    stop: async () => {
      await child.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
