// Appends to one topic. What arrives while a batch is under way leaves together as the next one, as soon as the one before is
// acknowledged. Every record has a deadline; after a failure the producer is made anew, so that nothing old goes on in it.
import type { Producer } from '@platformatic/kafka';
import { LogUnavailable, XQueueError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LogPosition, NewRecord } from '../../ports/task-log.ts';
import { isKafkaError, reasonOf, unavailable } from './faults.ts';
import { partitionHash } from './partition-hash.ts';

export interface AppenderOptions {
  readonly topic: string;
  readonly newProducer: () => Producer;
  readonly clock: Clock;
  readonly batchMax: number;
  /** Longest wait for a batch, and longest time a batch may take. */
  readonly waitMs: number;
  readonly deliveryMs: number;
  /** Of key, value and headers together. */
  readonly recordBytesMax: number;
}

/** Who is refused tries again sooner. */
const FAULT_MS = 5_000;
/** Well below the 1 MiB that a broker takes of one partition by default. A larger record travels alone. */
const BATCH_BYTES = 900 * 1024;
/** While the last batch failed, callers learn sooner that Kafka is away. */
const PROBE_MS = 3_000;
const CLOSE_MS = 3_000;
const NOTHING = (): void => undefined;

interface Call {
  readonly positions: LogPosition[];
  readonly at: number;
  left: number;
  readonly resolve: (positions: LogPosition[]) => void;
  readonly reject: (error: Error) => void;
}

interface Waiting {
  readonly call: Call;
  readonly index: number;
  readonly key: Buffer | undefined;
  readonly value: Buffer;
  readonly headers: PackedHeaders | undefined;
}

interface PackedHeaders {
  readonly bytes: number;
  readonly map: Map<Buffer, Buffer>;
}

export class Appender {
  readonly #options: AppenderOptions;
  #producer: Producer | null = null;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #fault: string | null = null;
  /** When the last batch failed, monotonic. */
  #failedAt = 0;
  #roundRobin = 0;
  /** Records of tasks all have the same ones. */
  readonly #packedHeaders = new WeakMap<NonNullable<NewRecord['headers']>, PackedHeaders>();
  #isClosed = false;

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  /** Why the last batch failed; `null`: it did not. */
  get fault(): string | null {
    return this.#fault;
  }

  /** The servers answer other questions. An old failure says nothing any more when nothing was tried since. */
  serversAnswer(): void {
    if (this.#options.clock.monotonic() - this.#failedAt > FAULT_MS) this.#fault = null;
  }

  append(records: readonly NewRecord[]): Promise<LogPosition[]> {
    if (this.#isClosed) return Promise.reject(new LogUnavailable('The log is closed'));
    if (records.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const call: Call = { positions: [], at: this.#options.clock.monotonic(), left: records.length, resolve, reject };
      const all = records.map((record, index) => this.#packed(record, call, index));
      const tooLarge = all.map(bytesOf).find((bytes) => bytes > this.#options.recordBytesMax);
      if (tooLarge !== undefined) return reject(this.#tooLargeError(tooLarge));
      for (const one of all) this.#waiting.push(one);
      // The end of this turn's promises: whoever calls in the same breath comes along.
      this.#running ??= Promise.resolve().then(() => this.#run());
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // A broker that is away must not hold up who ends.
    const late = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(CLOSE_MS, late.resolve);
    await Promise.race([this.#running, late.promise]);
    const producer = this.#producer;
    this.#producer = null;
    await Promise.race([producer?.close(true).catch(() => undefined), late.promise]);
    timer.cancel();
  }

  async #run(): Promise<void> {
    for (let tell = NOTHING; ; ) {
      const delivery = this.#deliverNext();
      // Only now: what callers do with their answers would keep the next batch from leaving.
      tell();
      if (delivery === null) break;
      tell = await delivery;
    }
    this.#running = null;
  }

  #deliverNext(): Promise<() => void> | null {
    this.#refuseLate();
    const batch = this.#take();
    return batch.length === 0 ? null : this.#deliver(batch);
  }

  /** What has waited too long was not sent, and will not be. */
  #refuseLate(): void {
    const { clock, waitMs } = this.#options;
    const latest = clock.monotonic() - waitMs;
    if ((this.#waiting[0]?.call.at ?? Number.POSITIVE_INFINITY) >= latest) return;
    const late = new Set(this.#waiting.filter(({ call }) => call.at < latest).map(({ call }) => call));
    this.#waiting = this.#waiting.filter(({ call }) => !late.has(call));
    const why = this.#fault === null ? 'Kafka is slower than what is submitted' : `Kafka: ${this.#fault}`;
    for (const call of late) call.reject(new LogUnavailable(why));
  }

  #take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { value } of this.#waiting) {
      bytes += value.length;
      if (count > 0 && (count === this.#options.batchMax || bytes > BATCH_BYTES)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** Resolves when the batch is settled, to what tells its callers. */
  async #deliver(batch: readonly Waiting[]): Promise<() => void> {
    try {
      const positions = await this.#inTime(this.#send(batch));
      this.#fault = null;
      return () => this.#answer(batch, positions);
    } catch (error) {
      if (isKafkaError(error, 'MESSAGE_TOO_LARGE')) return this.#tooLarge(batch);
      this.#fault = reasonOf(error);
      this.#failedAt = this.#options.clock.monotonic();
      this.#dropProducer();
      const own = unavailable('Kafka did not take the tasks', error);
      for (const call of new Set(batch.map((one) => one.call))) this.#fail(call, own);
      return NOTHING;
    }
  }

  /**
   * The topic was changed since we asked: only the record that is too large is refused, not those that came with it. Those that
   * were taken in the first try are there twice.
   */
  async #tooLarge(batch: readonly Waiting[]): Promise<() => void> {
    const [only] = batch;
    if (batch.length > 1) for (const one of batch) (await this.#deliver([one]))();
    else if (only) {
      this.#fail(only.call, this.#tooLargeError(only.value.length));
    }
    return NOTHING;
  }

  #tooLargeError(bytes: number): XQueueError {
    const { topic } = this.#options;
    return new XQueueError(
      'payload_too_large',
      `Kafka takes no record of ${bytes} bytes (max.message.bytes of ${topic})`,
    );
  }

  #fail(call: Call, error: Error): void {
    // Its other records would be appended for nobody.
    this.#waiting = this.#waiting.filter((one) => one.call !== call);
    call.reject(error);
  }

  #answer(batch: readonly Waiting[], positions: readonly LogPosition[]): void {
    for (const [place, { call, index }] of batch.entries()) {
      call.positions[index] = positions[place] as LogPosition;
      call.left--;
      if (call.left === 0) call.resolve(call.positions);
    }
  }

  async #send(batch: readonly Waiting[]): Promise<LogPosition[]> {
    const { topic, newProducer } = this.#options;
    this.#producer ??= newProducer();
    const producer = this.#producer;
    // The client keeps what it knows fresh with each batch: to be asked for by name the first time only.
    const known = producer.currentMetadata?.topics.get(topic);
    const { partitionsCount: count = 0 } =
      known ?? (await producer.metadata({ topics: [topic] })).topics.get(topic) ?? {};
    if (count === 0) throw new Error(`the topic ${topic} has no partitions`);
    const messages = batch.map(({ key, value, headers }) => {
      const partition = (key === undefined ? this.#roundRobin++ : partitionHash(key)) % count;
      return { topic, partition, value, ...(key && { key }), ...(headers && { headers: headers.map }) };
    });
    const { offsets = [] } = await producer.send({ messages });
    const next = new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]));
    return messages.map(({ partition }) => {
      const offset = next.get(partition) ?? -1;
      if (offset < 0) throw new Error(`no offset came back for partition ${partition} of ${topic}`);
      next.set(partition, offset + 1);
      return { partition, offset };
    });
  }

  async #inTime<T>(sending: Promise<T>): Promise<T> {
    const { clock, deliveryMs } = this.#options;
    const limitMs = this.#fault === null ? deliveryMs : Math.min(deliveryMs, PROBE_MS);
    const late = Promise.withResolvers<never>();
    const timer = clock.after(limitMs, () => {
      late.reject(new LogUnavailable(this.#fault ?? `no acknowledgement within ${limitMs / 1000} s`));
    });
    // Whatever becomes of it later is nobody's business any more.
    sending.catch(() => undefined);
    try {
      return await Promise.race([sending, late.promise]);
    } finally {
      timer.cancel();
    }
  }

  #packed({ key, value, headers }: NewRecord, call: Call, index: number): Waiting {
    return {
      call,
      index,
      key: key === null ? undefined : Buffer.from(key),
      value:
        typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
      headers: headers && this.#headersOf(headers),
    };
  }

  #headersOf(headers: NonNullable<NewRecord['headers']>): PackedHeaders {
    const known = this.#packedHeaders.get(headers);
    if (known !== undefined) return known;
    const packed = packHeaders(headers);
    this.#packedHeaders.set(headers, packed);
    return packed;
  }

  #dropProducer(): void {
    const old = this.#producer;
    this.#producer = null;
    old?.close(true).catch(() => undefined);
  }
}

function bytesOf({ key, value, headers }: Waiting): number {
  return value.length + (key?.length ?? 0) + (headers?.bytes ?? 0);
}

function packHeaders(headers: NonNullable<NewRecord['headers']>): PackedHeaders {
  const map = new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)] as const));
  const bytes = [...map].reduce((sum, [name, text]) => sum + name.length + text.length + 4, 0);
  return { bytes, map };
}
