// A byte stream that hands everything written in one turn of the event loop to the system as one piece. The MQTT library
// writes each packet in half a dozen small pieces, and one packet per acknowledgement that came in; a system call for
// each of them takes most of the time of a busy publisher.
import { Duplex } from 'node:stream';

interface Piece {
  readonly chunk: Buffer | string;
  readonly encoding: BufferEncoding;
}

type Done = (error?: Error | null) => void;

/** Beyond this a writer waits until the system has taken what was gathered. */
const GATHERED_BYTES_MAX = 256 * 1024;

export class GatheringStream extends Duplex {
  readonly #inner: Duplex;
  #pieces: Piece[] = [];
  #bytes = 0;
  #waiting: Done[] = [];
  #turn: NodeJS.Immediate | null = null;

  /** Takes over `inner`: both end together. */
  constructor(inner: Duplex) {
    super({ decodeStrings: false });
    this.#inner = inner;
    inner.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) inner.pause();
    });
    inner.on('end', () => this.push(null));
    inner.on('error', (error: Error) => this.destroy(error));
    inner.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: Done): void {
    this.#gather({ chunk, encoding });
    this.#goOn(done);
  }

  override _writev(pieces: readonly Piece[], done: Done): void {
    for (const piece of pieces) this.#gather(piece);
    this.#goOn(done);
  }

  override _final(done: Done): void {
    this.#flush();
    this.#inner.end(() => done());
  }

  override _destroy(error: Error | null, done: Done): void {
    if (this.#turn) clearImmediate(this.#turn);
    this.#inner.destroy();
    for (const waiting of this.#waiting.splice(0)) waiting(error ?? new Error('The connection has ended'));
    done(error);
  }

  #gather({ chunk, encoding }: Piece): void {
    this.#pieces.push({ chunk, encoding });
    this.#bytes += typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.length;
    this.#turn ??= setImmediate(() => this.#flush());
  }

  #goOn(done: Done): void {
    if (this.#bytes < GATHERED_BYTES_MAX && !this.#inner.writableNeedDrain) done();
    else this.#waiting.push(done);
  }

  #flush(): void {
    if (this.#turn) clearImmediate(this.#turn);
    this.#turn = null;
    if (this.#bytes === 0) return;
    const waiting = this.#waiting.splice(0);
    this.#inner.write(this.#gathered(), (error) => {
      for (const done of waiting) done(error);
    });
  }

  #gathered(): Buffer {
    const all = Buffer.allocUnsafe(this.#bytes);
    let at = 0;
    for (const { chunk, encoding } of this.#pieces) {
      at += typeof chunk === 'string' ? all.write(chunk, at, encoding) : chunk.copy(all, at);
    }
    this.#pieces = [];
    this.#bytes = 0;
    return all;
  }
}
