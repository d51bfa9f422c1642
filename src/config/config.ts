// The whole configuration after resolution: every value present, durations in milliseconds. CONTRACT section 7 in a type.

export interface Config {
  readonly store: 'auto' | 'embedded' | 'redis';
  readonly embedded: { readonly path: string };
  readonly redis: {
    readonly addr: string | null;
    readonly username: string;
    readonly password: string;
    readonly db: number;
    readonly poolSize: number;
    readonly minIdleConns: number;
    readonly tls: boolean;
    /** Master name and sentinel addresses, `name@host:port,host:port`; `null` = off. */
    readonly sentinel: string | null;
    readonly cluster: boolean;
    readonly keyPrefix: string;
  };
  readonly kafka: {
    readonly brokers: readonly string[];
    readonly topic: string;
    readonly groupId: string;
    readonly batchSize: number;
    readonly batchTimeoutMs: number;
    readonly deliveryTimeoutMs: number;
    readonly sessionTimeoutMs: number;
    readonly partitions: number;
    /** 0 = three, or as many as there are brokers. */
    readonly replication: number;
    /** 0 = for ever. */
    readonly retentionMs: number;
    /** `name=value` in the words of Kafka. */
    readonly topicConfig: readonly string[];
    readonly tls: boolean;
    /** PEM files; `null` = the system's certificates, and no certificate of our own. */
    readonly tlsCa: string | null;
    readonly tlsCert: string | null;
    readonly tlsKey: string | null;
    readonly tlsInsecure: boolean;
    readonly sasl: 'off' | 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  readonly mqtt: {
    /** `embedded`, `off` or a URL. */
    readonly broker: string;
    /** `host:port`, `''` = no TCP listener. */
    readonly listen: string;
    readonly clientId: string;
    readonly username: string;
    readonly password: string;
    readonly qos: 0 | 1 | 2;
    readonly topic: string;
    readonly protocol: 'auto' | '3.1.1' | 5;
    /** PEM file; `null` = the system's certificates. */
    readonly tlsCa: string | null;
    readonly tlsInsecure: boolean;
    readonly format: 'json' | 'cloudevents';
    /** 0 = never. */
    readonly progressExpiryMs: number;
    readonly queueMaxEvents: number;
    readonly queueMaxBytes: number;
  };
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly mode: 'debug' | 'release';
    readonly insecure: boolean;
  };
  readonly queue: {
    readonly defaultTimeoutMs: number;
    readonly defaultRetry: number;
    readonly maxConcurrency: number;
    readonly cleanupIntervalMs: number;
    readonly heartbeatIntervalMs: number;
    readonly leaseMs: number;
    readonly semaphoreExpirationMs: number;
    readonly cancelGraceMs: number;
    readonly maxRecoveries: number;
    readonly retentionMs: number;
    readonly shutdownGraceMs: number;
    /** Largest serialized payload, in bytes. */
    readonly maxPayloadBytes: number;
  };
  readonly auth: { readonly keys: readonly ApiKey[] };
  readonly handlers: readonly string[];
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
    readonly format: 'auto' | 'pretty' | 'json';
  };
  readonly node: { readonly role: 'all' | 'api' | 'worker'; readonly id: string | null };
}

export interface ApiKey {
  readonly name: string;
  /** Lower-case hex SHA-256 of the key. */
  readonly sha256: string;
  readonly scopes: readonly ApiKeyScope[];
}

/** `read` sees, `submit` submits and cancels, `operate` changes limits, retries and drains. */
export const API_KEY_SCOPES = ['read', 'submit', 'operate'] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];
