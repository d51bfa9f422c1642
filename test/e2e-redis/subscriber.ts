// A stock MQTT client (mosquitto_sub) that keeps what it hears.
import { spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { eventually } from '../e2e/http.ts';

export interface Heard {
  readonly task_id: string;
  readonly status: string;
  readonly version: number;
}

export class Subscriber {
  readonly messages: Heard[] = [];

  /** Resolves when the broker has acknowledged the subscription. */
  static async start(t: Pick<TestContext, 'after'>, port: number, topic: string): Promise<Subscriber> {
    const subscriber = new Subscriber();
    const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', '-d', '-p', String(port), '-q', '1', '-t', topic], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    let said = '';
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('{')) subscriber.messages.push(JSON.parse(line) as Heard);
    });
    await eventually(
      async () => said,
      (text) => text.includes('SUBACK'),
    );
    return subscriber;
  }
}
