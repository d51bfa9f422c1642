// Hands packets to the subscriptions they match, inside the embedded broker. Takes the place of aedes' own emitter so that
// one question can be answered at once: would anybody get this?
import { TopicTrie } from './topic-trie.ts';

interface TopicPacket {
  readonly topic: string;
}
type Deliver = (packet: TopicPacket, done: () => void) => void;
type Done = (error?: Error) => void;

/** Aedes listens to some topics of its own; nothing of ours is published there. */
const INTERNAL = '$SYS/';

/** What aedes calls an `mq`: `on`, `removeListener`, `emit`, `close`. */
export class TopicBus {
  readonly #subscriptions = new TopicTrie<Deliver>();
  #internal = 0;
  #closed = false;

  /** Subscriptions of connected clients. */
  get size(): number {
    return this.#subscriptions.size - this.#internal;
  }

  matches(topic: string): boolean {
    return this.#subscriptions.matches(topic);
  }

  on(filter: string, deliver: Deliver, done?: () => void): this {
    const before = this.#subscriptions.size;
    this.#subscriptions.add(filter, deliver);
    if (filter.startsWith(INTERNAL)) this.#internal += this.#subscriptions.size - before;
    if (done) setImmediate(done);
    return this;
  }

  removeListener(filter: string, deliver: Deliver, done?: () => void): this {
    const before = this.#subscriptions.size;
    this.#subscriptions.remove(filter, deliver);
    if (filter.startsWith(INTERNAL)) this.#internal += this.#subscriptions.size - before;
    if (done) setImmediate(done);
    return this;
  }

  /** `done` when every subscription has dealt with it. */
  emit(packet: TopicPacket, done: Done = () => {}): this {
    if (this.#closed) {
      done(new Error('The broker is closed'));
      return this;
    }
    const matching = this.#subscriptions.match(packet.topic);
    let left = matching.size;
    if (left === 0) done();
    for (const deliver of matching) {
      deliver(packet, () => {
        if (--left === 0) done();
      });
    }
    return this;
  }

  close(done: () => void): this {
    this.#closed = true;
    setImmediate(done);
    return this;
  }
}
