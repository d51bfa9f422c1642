// The configuration of one small broker that is its own controller (KRaft), as lines of its properties file.
// Everything is sized for a laptop and a test: one replica, few threads, no waiting for other members of a group.

export interface BrokerSettings {
  readonly host: string;
  /** What clients use. */
  readonly port: number;
  /** For the broker's own tools and checks: no TLS, no login, on the loopback only. */
  readonly internalPort: number;
  readonly controllerPort: number;
  readonly dataFolder: string;
  /** Lets in only who knows it, by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. */
  readonly login?: Login;
  /** A PEM file with the private key and the certificate behind it. */
  readonly identityFile?: string;
  /** Further lines; they win over those above them. */
  readonly properties?: Readonly<Record<string, string>>;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

export const SCRAM_MECHANISMS = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
/** What every broker here has; the metadata log belongs to it. */
const NODE_ID = '1';
const SECURITY = 'org.apache.kafka.common.security';

export function brokerProperties(settings: BrokerSettings): Record<string, string> {
  const { host, port, internalPort, controllerPort, dataFolder, properties = {} } = settings;
  return {
    'process.roles': 'broker,controller',
    'node.id': NODE_ID,
    'controller.quorum.voters': `${NODE_ID}@127.0.0.1:${controllerPort}`,
    listeners: `CLIENT://${host}:${port},INTERNAL://127.0.0.1:${internalPort},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `CLIENT://${host}:${port},INTERNAL://127.0.0.1:${internalPort}`,
    'listener.security.protocol.map': `CLIENT:${protocolOf(settings)},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT`,
    'inter.broker.listener.name': 'INTERNAL',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': dataFolder,
    'auto.create.topics.enable': 'false',
    'default.replication.factor': '1',
    'min.insync.replicas': '1',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'num.network.threads': '2',
    'num.io.threads': '2',
    'background.threads': '2',
    // Its default, 128 MB, would be a quarter of the heap.
    'log.cleaner.dedupe.buffer.size': '16777216',
    // After a kill it is let in again as soon as it is back.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    ...(settings.login === undefined ? {} : loginProperties(settings.login)),
    ...(settings.identityFile === undefined ? {} : tlsProperties(settings.identityFile)),
    ...properties,
  };
}

/** As the broker reads it. */
export function propertiesFile(properties: Readonly<Record<string, string>>): string {
  const escaped = (value: string): string => value.replaceAll('\\', '\\\\');
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${escaped(value)}\n`)
    .join('');
}

function protocolOf({ login, identityFile }: BrokerSettings): string {
  if (login === undefined) return identityFile === undefined ? 'PLAINTEXT' : 'SSL';
  return identityFile === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL';
}

function loginProperties({ username, password }: Login): Record<string, string> {
  const quoted = password.replaceAll(/["\\]/g, '\\$&');
  const scram = `${SECURITY}.scram.ScramLoginModule required;`;
  return {
    'listener.name.client.sasl.enabled.mechanisms': ['PLAIN', ...SCRAM_MECHANISMS].join(','),
    'listener.name.client.plain.sasl.jaas.config': `${SECURITY}.plain.PlainLoginModule required user_${username}="${quoted}";`,
    ...Object.fromEntries(
      SCRAM_MECHANISMS.map((name) => [`listener.name.client.${name.toLowerCase()}.sasl.jaas.config`, scram]),
    ),
  };
}

function tlsProperties(identityFile: string): Record<string, string> {
  return {
    'listener.name.client.ssl.keystore.type': 'PEM',
    'listener.name.client.ssl.keystore.location': identityFile,
  };
}
