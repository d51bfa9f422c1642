// Which MQTT version the next connection to an external broker speaks. Brokers that know only 3.1.1 say so, or close the
// connection without a word; neither may keep a node away from a broker that would have it.

/** 4 is how MQTT 3.1.1 numbers itself. */
export type ProtocolVersion = 4 | 5;

/** `refused`: the broker does not speak this version. `closed`: it ended the connection before it answered. */
export type FailedConnect = 'refused' | 'closed' | 'unreachable';

export class ProtocolChoice {
  readonly #asked: ProtocolVersion | 'auto';
  #next: ProtocolVersion;
  /** The broker has said that it does not know MQTT 5. */
  #knowsNoFive = false;

  /** @param asked `auto`: 5, and 3.1.1 where 5 does not work. */
  constructor(asked: ProtocolVersion | 'auto') {
    this.#asked = asked;
    this.#next = asked === 'auto' ? 5 : asked;
  }

  get next(): ProtocolVersion {
    return this.#next;
  }

  /** A connection was in use and has ended: whatever comes back there may be a newer broker that only closed in haste. */
  ended(): void {
    if (this.#asked === 'auto' && !this.#knowsNoFive) this.#next = 5;
  }

  failed(why: FailedConnect): void {
    if (this.#asked !== 'auto' || why === 'unreachable') return;
    if (why === 'refused') this.#knowsNoFive = this.#next === 5;
    this.#next = this.#next === 5 ? 4 : 5;
  }
}

/** CONNACK codes of a version that is not known, in MQTT 3.1.1 and in MQTT 5. */
const UNKNOWN_VERSION = new Set([1, 0x84]);

/** What an attempt that never became a connection has shown. @param error the last one it reported, if any */
export function failureOf(error: Error | null): FailedConnect {
  if (error === null) return 'closed';
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'number') return UNKNOWN_VERSION.has(code) ? 'refused' : 'unreachable';
  // The system and TLS name what went wrong; a packet that cannot be read has no code: an answer in the other version.
  return code === undefined && !/timeout/i.test(error.message) ? 'closed' : 'unreachable';
}
