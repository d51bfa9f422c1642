// One client's byte stream, whatever it came over: what the broker reads from and writes to. Here are the bounds that the
// broker itself does not have: the size of a packet, and an error in reading one that must end one connection only. All
// packets of one turn of the event loop go out as one piece: a system call for each costs more than making the packet.
import { Duplex } from 'node:stream';
import { PacketSizeGuard, type SizeVerdict } from './packet-size-guard.ts';

/** The transport below: a TCP socket or a WebSocket. */
export interface Wire {
  /** `done` when there is room for more. */
  write(data: Buffer, done: (error?: Error | null) => void): void;
  /** Lets what was written go out, then ends. */
  end(): void;
  destroy(): void;
  pause(): void;
  resume(): void;
}

export interface ConnectionOptions {
  readonly wire: Wire;
  /** Largest packet a client may send. */
  readonly packetBytesMax: number;
  /** A client that lets this much pile up is waited for, and cut off when it does not catch up in time. */
  readonly unsentBytesMax: number;
  readonly onBadPacket: (verdict: Exclude<SizeVerdict, 'fine'>) => void;
}

type Done = (error?: Error | null) => void;

/** So much may be gathered or on its way out before a writer has to wait; never more than half of what may pile up. */
const ON_THE_WAY_BYTES_MAX = 64 * 1024;

export class ClientConnection extends Duplex {
  readonly #options: ConnectionOptions;
  readonly #guard: PacketSizeGuard;
  #gathered: Buffer[] = [];
  #onTheWay = 0;
  #waiting: Done[] = [];
  #turn: NodeJS.Immediate | null = null;
  #isAnswered = false;

  constructor(options: ConnectionOptions) {
    super({ writableHighWaterMark: options.unsentBytesMax, allowHalfOpen: false });
    this.#options = options;
    this.#guard = new PacketSizeGuard(options.packetBytesMax);
  }

  /** Bytes that came in. */
  feed(chunk: Buffer): void {
    if (this.destroyed) return;
    const verdict = this.#guard.look(chunk);
    if (verdict !== 'fine') {
      this.#options.onBadPacket(verdict);
      this.destroy(new Error(verdict === 'too_large' ? 'packet too large' : 'malformed packet'));
    } else if (!this.push(chunk)) {
      this.#options.wire.pause();
    }
  }

  /** The broker parses inside this event; what a parser throws at a client's bytes must not reach the process. */
  override emit(event: string | symbol, ...details: unknown[]): boolean {
    if (event !== 'readable') return super.emit(event, ...details);
    try {
      return super.emit(event, ...details);
    } catch (error) {
      this.#options.onBadPacket('malformed');
      this.destroy(error instanceof Error ? error : new Error('malformed packet'));
      return true;
    }
  }

  override _read(): void {
    this.#options.wire.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#gather(chunk, done);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this.#gather(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.#flush();
    this.#options.wire.end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#flush();
    if (error) this.#options.wire.destroy();
    else this.#options.wire.end();
    done(error);
  }
  #gather(chunk: Buffer, done: Done): void {
    this.#gathered.push(chunk);
    this.#onTheWay += chunk.length;
    // The answer to CONNECT goes alone: many clients look for messages only once they have it.
    if (this.#isAnswered) this.#turn ??= setImmediate(() => this.#flush());
    else this.#flush();
    this.#isAnswered = true;
    if (this.#onTheWay < Math.min(ON_THE_WAY_BYTES_MAX, this.#options.unsentBytesMax / 2)) done();
    else this.#waiting.push(done);
  }

  #flush(): void {
    if (this.#turn) clearImmediate(this.#turn);
    this.#turn = null;
    if (this.#gathered.length === 0) return;
    const [only] = this.#gathered;
    const data = only !== undefined && this.#gathered.length === 1 ? only : Buffer.concat(this.#gathered);
    this.#gathered = [];
    const waiting = this.#waiting.splice(0);
    this.#options.wire.write(data, (error) => {
      this.#onTheWay -= data.length;
      for (const done of waiting) done(error);
    });
  }
}
