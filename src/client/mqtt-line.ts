// The line over MQTT (over WebSocket in browsers): one connection for all that is watched. The MQTT library is the
// user's; nothing of it is imported here.
import type { Clock } from '../ports/clock.ts';
import { progressBase } from '../protocol/topics.ts';
import type { HttpCalls } from './http-calls.ts';
import { Mailbox } from './mailbox.ts';
import { pushedMessage } from './pushed-message.ts';
import type { LineNews, TaskLine } from './watch-task.ts';
import type { Message } from './wire-task.ts';

/** The part of MQTT.js that is used: `import mqtt from 'mqtt'` fits as it is. */
export interface MqttLibrary {
  connect(url: string, options: Readonly<Record<string, unknown>>): MqttConnection;
}

export interface MqttConnection {
  on(event: 'connect' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'message', listener: (topic: string, payload: Uint8Array) => void): unknown;
  subscribe(topic: string[], options: { readonly qos: 0 | 1 | 2 }, done: (error: Error | null) => void): unknown;
  unsubscribe(topic: string[]): unknown;
  end(force?: boolean): unknown;
}

export interface MqttOptions {
  readonly library: MqttLibrary;
  /** Default: `/mqtt` of the server. */
  readonly url?: string | undefined;
  /** `mqtt.topic` of the server; default `task/status`. */
  readonly topic?: string | undefined;
}

/** Messages that wait for the watch of one task. */
const OF_ONE_MAX = 1_000;
/**
 * Messages that wait for the watch of all. MQTT.js hands over all that has arrived in one breath, and after an outage that is
 * what a server held back for seconds: none of it may be lost to a reader that had no chance to read.
 */
const OF_ALL_MAX = 10_000;
/** A net below the messages, the closer the less there is to expect from the connection. */
const RECHECK_MS = 30_000;
const RECHECK_OFFLINE_MS = 3_000;

interface Follower {
  readonly topics: readonly string[];
  readonly mailbox: Mailbox<Message>;
}

export class MqttLine implements TaskLine {
  readonly #http: HttpCalls;
  readonly #options: MqttOptions;
  readonly #topic: string;
  readonly #followers = new Set<Follower>();
  #connection: MqttConnection | null = null;
  #isConnected = false;

  constructor(http: HttpCalls, options: MqttOptions) {
    this.#http = http;
    this.#options = options;
    this.#topic = options.topic ?? 'task/status';
  }

  async *follow(id: string, _seen: () => number, signal: AbortSignal): AsyncGenerator<LineNews, void, undefined> {
    const topics = [`${this.#topic}/${id}`, `${progressBase(this.#topic)}/${id}`];
    for await (const mail of this.#mails(topics, OF_ONE_MAX, signal)) yield mail === 'gap' ? mail : { message: mail };
  }

  /** Every change of every task. */
  followAll(signal: AbortSignal): AsyncGenerator<Message | 'gap', void, undefined> {
    return this.#mails([`${this.#topic}/+`, `${progressBase(this.#topic)}/+`], OF_ALL_MAX, signal);
  }

  close(): void {
    this.#connection?.end(true);
    this.#connection = null;
  }

  async *#mails(
    topics: readonly string[],
    itemsMax: number,
    signal: AbortSignal,
  ): AsyncGenerator<Message | 'gap', void, undefined> {
    const follower = { topics, mailbox: new Mailbox<Message>(itemsMax) };
    const close = (): void => follower.mailbox.close();
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    this.#followers.add(follower);
    const recheck = repeat(this.#http.clock, () => {
      follower.mailbox.put('gap');
      return this.#isConnected ? RECHECK_MS : RECHECK_OFFLINE_MS;
    });
    try {
      // What is read now may be overtaken before the subscription stands; when it does, a gap makes it read again.
      follower.mailbox.put('gap');
      this.#connect();
      if (this.#isConnected) this.#subscribe(follower);
      yield* follower.mailbox;
    } finally {
      recheck.cancel();
      signal.removeEventListener('abort', close);
      this.#followers.delete(follower);
      const rest = new Set([...this.#followers].flatMap((one) => one.topics));
      const free = topics.filter((topic) => !rest.has(topic));
      if (this.#isConnected && free.length > 0) this.#connection?.unsubscribe(free);
      if (this.#followers.size === 0) this.close();
    }
  }

  #connect(): void {
    if (this.#connection !== null) return;
    const { apiKey, url } = this.#http;
    const { library, url: own = `${url.replace(/^http/, 'ws')}/mqtt` } = this.#options;
    const credentials = apiKey === undefined ? {} : { username: 'key', password: apiKey };
    // Subscribing again is done here, because only after it has been acknowledged a read misses nothing.
    const connection = library.connect(own, { ...credentials, resubscribe: false, clean: true });
    this.#connection = connection;
    connection.on('connect', () => {
      this.#isConnected = true;
      for (const follower of this.#followers) this.#subscribe(follower);
    });
    connection.on('close', () => {
      this.#isConnected = false;
    });
    // It tries again by itself; until then the rechecks carry on.
    connection.on('error', () => undefined);
    connection.on('message', (topic, payload) => this.#hand(topic, payload));
  }

  #subscribe(follower: Follower): void {
    this.#connection?.subscribe([...follower.topics], { qos: 1 }, () => follower.mailbox.put('gap'));
  }

  #hand(topic: string, payload: Uint8Array): void {
    const message = pushedMessage(payload);
    if (message === null) return;
    for (const { topics, mailbox } of this.#followers) {
      if (topics.some((own) => own === topic || (own.endsWith('/+') && isChildOf(topic, own.slice(0, -1))))) {
        mailbox.put(message);
      }
    }
  }
}

function isChildOf(topic: string, base: string): boolean {
  return topic.startsWith(base) && !topic.slice(base.length).includes('/');
}

function repeat(clock: Clock, run: () => number): { cancel(): void } {
  const arm = (delayMs: number) =>
    clock.after(delayMs, () => {
      timer = arm(run());
    });
  let timer = arm(RECHECK_OFFLINE_MS);
  return { cancel: () => timer.cancel() };
}
