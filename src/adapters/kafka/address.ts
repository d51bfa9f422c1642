// Where Kafka is and who we are there, and what the client library makes of it.
import type { BaseOptions } from '@platformatic/kafka';

export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

export interface KafkaAddress {
  /** `host:port`, at least one: the others are found through it. */
  readonly brokers: readonly string[];
  /** Shown by the brokers' logs and quotas. */
  readonly clientId: string;
  /** PEM texts; `null`: no TLS. */
  readonly tls: KafkaTls | null;
  readonly sasl: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string } | null;
}

export interface KafkaTls {
  /** Certificates the brokers are trusted by; left out: those of the system. */
  readonly ca?: string;
  /** What this client shows of itself. */
  readonly cert?: string;
  readonly key?: string;
  readonly verify: 'always' | 'never';
}

/** Of one request; a broker that is silent for longer is asked again, or another one. */
const REQUEST_MS = 5_000;
const CONNECT_MS = 3_000;

/** @param retries of each request, 250 ms apart, before it fails */
export function clientOptions(address: KafkaAddress, retries: number): BaseOptions {
  const { brokers, clientId, tls, sasl } = address;
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: CONNECT_MS,
    timeout: REQUEST_MS,
    requestTimeout: 2 * REQUEST_MS,
    retries,
    retryDelay: 250,
    autocreateTopics: false,
    ...(tls === null ? {} : { tls: tlsOptions(tls), tlsServerName: true }),
    ...(sasl === null ? {} : { sasl }),
  };
}

function tlsOptions({ ca, cert, key, verify }: KafkaTls): NonNullable<BaseOptions['tls']> {
  return {
    rejectUnauthorized: verify === 'always',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
