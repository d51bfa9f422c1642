// One browser's way to the external broker: its packets are let through, changed or refused one by one; what comes back
// goes through untouched. The browser's password is an API key of ours and stays here; the broker sees this node's own.
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { IConnectPacket, ISubscribePacket } from 'mqtt-packet';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { RefusalCounts } from './broker-limits.ts';
import type { Wire } from './client-connection.ts';
import { type Frame, FrameSplitter, PACKET, readPacket, writePacket } from './frame-splitter.ts';
import { staysWithin } from './topic-rules.ts';
import type { Receiver } from './web-socket-door.ts';

export interface BridgeRules {
  readonly bases: readonly string[];
  readonly mayRead: (apiKey: string | null) => boolean | Promise<boolean>;
  /** Set before each client's own id: no client can take the id of a node. */
  readonly clientIdPrefix: string;
  readonly username: string;
  readonly password: string;
  readonly openBroker: () => Duplex;
  readonly packetBytesMax: number;
  readonly filtersPerPacketMax: number;
  readonly clientIdLengthMax: number;
  /** From the WebSocket to a complete CONNECT. */
  readonly connectMs: number;
  /** A client that does not take what it was sent for this long is cut off. */
  readonly catchUpMs: number;
  readonly clock: Clock;
  readonly refused: RefusalCounts;
}

/** CONNACK codes: MQTT 3.1.1 and MQTT 5. */
const CONNACK = {
  unavailable: { 4: 3, 5: 0x88 },
  badCredentials: { 4: 4, 5: 0x86 },
  notAuthorized: { 4: 5, 5: 0x87 },
} as const;
/** SUBACK: refused. */
const REFUSED = { 4: 0x80, 5: 0x87 } as const;

/** What a subscriber has to say to a broker, and nothing else. */
const PASSED = new Set<number>([
  PACKET.puback,
  PACKET.pubrec,
  PACKET.pubcomp,
  PACKET.unsubscribe,
  PACKET.pingreq,
  PACKET.disconnect,
]);

export class BridgedClient implements Receiver {
  readonly #wire: Wire;
  readonly #rules: BridgeRules;
  readonly #splitter: FrameSplitter;
  #broker: Duplex | null = null;
  #isBrokerFull = false;
  #version: 4 | 5 = 4;
  #state: 'new' | 'checking' | 'open' | 'closed' = 'new';
  /** Came with or right behind the CONNECT, before it was answered. */
  #early: Frame[] = [];
  #timer: Timer;

  constructor(wire: Wire, rules: BridgeRules) {
    this.#wire = wire;
    this.#rules = rules;
    this.#splitter = new FrameSplitter(rules.packetBytesMax);
    this.#timer = rules.clock.after(rules.connectMs, () => this.#end());
  }

  data(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    const { verdict, frames } = this.#splitter.split(chunk);
    if (verdict === 'fine') {
      for (const frame of frames) this.#take(frame);
      return;
    }
    if (verdict === 'too_large') this.#rules.refused.oversizedPackets++;
    else this.#rules.refused.malformedPackets++;
    this.#end();
  }

  closed(): void {
    this.#end();
  }

  #take(frame: Frame): void {
    switch (this.#state) {
      case 'new':
        return this.#begin(frame);
      case 'checking':
        this.#early.push(frame);
        // One chunk may hold many packets; no more are read until the check is over.
        return this.#wire.pause();
      case 'open':
        return this.#judge(frame);
      case 'closed':
        return;
    }
  }

  #begin({ type, bytes }: Frame): void {
    const packet = type === PACKET.connect ? readPacket(bytes, 4) : null;
    if (packet?.cmd !== 'connect') return this.#malformed();
    this.#version = packet.protocolVersion === 5 ? 5 : 4;
    this.#state = 'checking';
    void this.#admit(packet);
  }

  async #admit(packet: IConnectPacket): Promise<void> {
    const { refused, mayRead, clientIdLengthMax } = this.#rules;
    const apiKey = packet.password === undefined ? null : packet.password.toString('utf8');
    let allowed: boolean;
    try {
      allowed = await mayRead(apiKey);
    } catch {
      return this.#refuse('unavailable');
    }
    if (this.#state !== 'checking') return;
    if (!allowed) {
      refused.credentials++;
      return this.#refuse(apiKey === null ? 'notAuthorized' : 'badCredentials');
    }
    if (packet.clientId.length > clientIdLengthMax) {
      refused.connections++;
      return this.#refuse('unavailable');
    }
    this.#open(packet);
  }

  #open(packet: IConnectPacket): void {
    const { openBroker, username, password, clientIdPrefix } = this.#rules;
    const { will, ...connect } = packet;
    if (will) this.#rules.refused.publishes++;
    const broker = openBroker();
    this.#broker = broker;
    broker.on('data', (chunk: Buffer) => this.#toClient(chunk));
    broker.on('error', () => {
      if (!opened) this.#refuse('unavailable');
    });
    broker.on('close', () => this.#end());
    let opened = false;
    broker.once('data', () => {
      opened = true;
    });
    delete connect.username;
    delete connect.password;
    broker.write(
      writePacket(
        {
          ...connect,
          clientId: `${clientIdPrefix}${packet.clientId || randomUUID()}`,
          ...(username === '' ? {} : { username }),
          ...(password === '' ? {} : { password: Buffer.from(password) }),
        },
        this.#version,
      ),
    );
    this.#timer.cancel();
    this.#state = 'open';
    for (const frame of this.#early.splice(0)) this.#take(frame);
    this.#wire.resume();
  }

  #judge(frame: Frame): void {
    if (frame.type === PACKET.subscribe) return this.#subscribe(frame);
    if (PASSED.has(frame.type)) return this.#toBroker(frame.bytes);
    if (frame.type === PACKET.publish) this.#rules.refused.publishes++;
    else this.#rules.refused.malformedPackets++;
    this.#end();
  }

  /** All filters of a packet are passed on or none: the answer to a mixed one would have to be pieced together. */
  #subscribe({ bytes }: Frame): void {
    const packet = readPacket(bytes, this.#version);
    if (packet?.cmd !== 'subscribe') return this.#malformed();
    const { bases, filtersPerPacketMax } = this.#rules;
    const fits = packet.subscriptions.length <= filtersPerPacketMax;
    if (fits && packet.subscriptions.every(({ topic }) => staysWithin(topic, bases))) return this.#toBroker(bytes);
    this.#rules.refused.subscriptions += packet.subscriptions.length;
    this.#wire.write(this.#refusalOf(packet), () => {});
  }

  #refusalOf({ messageId, subscriptions }: ISubscribePacket): Buffer {
    const granted = subscriptions.map(() => REFUSED[this.#version]);
    return writePacket({ cmd: 'suback', granted, ...(messageId === undefined ? {} : { messageId }) }, this.#version);
  }

  #toBroker(bytes: Buffer): void {
    const broker = this.#broker;
    if (!broker || broker.destroyed) return;
    if (broker.write(bytes) || this.#isBrokerFull) return;
    this.#isBrokerFull = true;
    this.#wire.pause();
    broker.once('drain', () => {
      this.#isBrokerFull = false;
      this.#wire.resume();
    });
  }

  /** The broker is read only as fast as the client takes it, so nothing piles up here. */
  #toClient(chunk: Buffer): void {
    const { clock, catchUpMs, refused } = this.#rules;
    this.#broker?.pause();
    const slow = clock.after(catchUpMs, () => {
      refused.slowClients++;
      this.#wire.destroy();
      this.#end();
    });
    this.#wire.write(chunk, () => {
      slow.cancel();
      this.#broker?.resume();
    });
  }

  #malformed(): void {
    this.#rules.refused.malformedPackets++;
    this.#end();
  }

  #refuse(why: keyof typeof CONNACK): void {
    if (this.#state === 'closed') return;
    const code = CONNACK[why][this.#version];
    const answer = this.#version === 5 ? { reasonCode: code } : { returnCode: code };
    this.#wire.write(writePacket({ cmd: 'connack', sessionPresent: false, ...answer }, this.#version), () => {});
    this.#end();
  }

  #end(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#timer.cancel();
    this.#early = [];
    this.#wire.end();
    // What was just written to the broker (a DISCONNECT) still goes out.
    this.#broker?.end();
    const broker = this.#broker;
    if (broker) this.#rules.clock.after(this.#rules.catchUpMs, () => broker.destroy());
  }
}
