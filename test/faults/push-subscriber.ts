// A subscriber as users write them: the SDK over MQTT, following all tasks. It remembers what it was told about each task.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import mqtt, { type MqttClient } from 'mqtt';
import { type Change, ServerUnreachable, XQueueClient } from '../../src/client.ts';
import { type FinalStatus, isFinal } from '../../src/domain/task.ts';
import { eventually } from '../e2e/http.ts';

export interface SubscriberOptions {
  /** HTTP API of the node. */
  readonly url: string;
  /** The broker. */
  readonly mqttUrl: string;
  /** 0: it connects again only when told to. */
  readonly reconnectMs?: number;
}

export class PushSubscriber {
  /** Task to its final status, as a message told it. */
  readonly finals = new Map<string, FinalStatus>();
  /** Versions of a task that did not rise. */
  readonly backwards: string[] = [];
  changes = 0;
  readonly client: XQueueClient;
  readonly #newest = new Map<string, number>();
  readonly #abort = new AbortController();
  #connection: MqttClient | null = null;

  constructor(t: TestContext, { url, mqttUrl, reconnectMs = 100 }: SubscriberOptions) {
    const library = {
      connect: (address: string, options: object): MqttClient => {
        this.#connection = mqtt.connect(address, { ...options, reconnectPeriod: reconnectMs, connectTimeout: 5000 });
        return this.#connection;
      },
    };
    this.client = new XQueueClient({ url, mqtt: { library, url: mqttUrl } });
    t.after(() => {
      this.#abort.abort();
      this.client.close();
    });
  }

  /** Resolves when the broker has granted the subscription. */
  async subscribe(): Promise<void> {
    this.#follow().catch((error: unknown) => this.backwards.push(`the watch ended: ${String(error)}`));
    await this.#granted();
  }

  /** For those that do not come back by themselves. */
  async comeBack(): Promise<void> {
    this.#connection?.reconnect();
    await this.#granted();
  }

  async hearsEndsOf(ids: Iterable<string>): Promise<void> {
    const wanted = [...ids];
    const missing = async () => wanted.filter((id) => !this.finals.has(id)).length;
    await eventually(missing, (count) => count === 0, 30_000);
    assert.deepEqual(this.backwards, []);
  }

  /** Follows one task to its end, whatever happens meanwhile; answers how it ended. */
  async followsToTheEnd(id: string): Promise<FinalStatus> {
    const changes: Change[] = [];
    while (changes.length === 0) {
      try {
        for await (const change of this.client.watch(id)) changes.push(change);
      } catch (error) {
        // Once begun a watch survives; one that finds no server for half a minute says so, and is begun again.
        if (changes.length > 0 || !(error instanceof ServerUnreachable)) throw error;
      }
    }
    const versions = changes.map(({ version }) => version);
    assert.ok(
      versions.every((version, i) => i === 0 || version > (versions[i - 1] ?? 0)),
      `${id}: ${versions.join(' ')}`,
    );
    const last = changes.at(-1)?.status ?? 'pending';
    return isFinal(last) ? last : assert.fail(`${id}: the watch ended with ${last}`);
  }

  async #follow(): Promise<void> {
    for await (const change of this.client.watchAll({}, { signal: this.#abort.signal })) {
      if (change === 'gap') continue;
      const { id, version, status } = change;
      this.changes++;
      const newest = this.#newest.get(id) ?? 0;
      if (version <= newest) this.backwards.push(`${id}: ${version} after ${newest}`);
      this.#newest.set(id, version);
      if (status !== null && isFinal(status)) this.finals.set(id, status);
    }
  }

  async #granted(): Promise<void> {
    const connection = this.#connection ?? assert.fail('no connection');
    await new Promise<void>((resolve) => {
      const look = ({ cmd }: { readonly cmd: string }): void => {
        if (cmd !== 'suback') return;
        connection.off('packetreceive', look);
        resolve();
      };
      connection.on('packetreceive', look);
    });
  }
}
