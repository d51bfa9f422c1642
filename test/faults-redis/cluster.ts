// Several nodes on one Redis, all real processes, in one folder where their handlers note what they did. Knows how nodes
// end in bad ways, and remembers when, because the audit must know which handlers died with them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from '../e2e/http.ts';
import { emptyFolder, type Launched, launch } from '../e2e/node-process.ts';
import type { Gone } from '../faults/judge-runs.ts';
import { readRuns } from '../faults/runs.ts';
import { RedisServer, type RedisServerOptions } from '../redis-server.ts';
import { Proxy } from './proxy.ts';
import { Watched } from './watched.ts';

const FAULTS = join(import.meta.dirname, '..', 'faults');
const BIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'bin.ts');
/** Nobody listens there: every event stays in the outbox, and the audit sees the whole history. */
const ABSENT_BROKER = 'mqtt://127.0.0.1:9';
export const HEARTBEAT_MS = 400;
export const LEASE_MS = 1200;

export interface Member extends Launched {
  readonly name: string;
  /** Base of its HTTP API; '' for a worker. */
  readonly url: string;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; it must drain and end with 0. */
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly redis?: RedisServerOptions;
  /** Whether nodes reach Redis through a proxy that can misbehave, or find it through a Sentinel that has a replica in hand. */
  readonly through?: 'nothing' | 'proxy' | 'sentinel';
  /** Further settings of every node. */
  readonly args?: readonly string[];
  /** Default: leases of 1.2 s with a heartbeat every 0.4 s. */
  readonly leases?: readonly string[];
}

export class Cluster {
  readonly folder: string;
  readonly gone: Gone[] = [];
  #redis: RedisServer;
  readonly #proxy: Proxy | null;
  readonly #watched: Watched | null;
  readonly #args: readonly string[];
  readonly #members = new Map<string, Member>();

  private constructor(
    redis: RedisServer,
    way: { readonly proxy: Proxy | null; readonly watched: Watched | null },
    folder: string,
    args: readonly string[],
  ) {
    this.#redis = redis;
    this.#proxy = way.proxy;
    this.#watched = way.watched;
    this.folder = folder;
    this.#args = args;
  }

  /** Whatever is left of it ends with the test. */
  static async start(t: Pick<TestContext, 'after'>, options: ClusterOptions = {}): Promise<Cluster> {
    const { through = 'nothing', args = [], leases } = options;
    const folder = emptyFolder();
    t.after(() => folder.remove());
    // With an fsync per second Redis answers while a slow disk still holds back what it wrote, and a kill loses it.
    const redis = await RedisServer.start({
      appendonly: 'yes',
      args: ['--appendfsync', 'always'],
      ...options.redis,
    });
    t.after(() => redis.stop());
    const proxy = through === 'proxy' ? await Proxy.start(redis.port) : null;
    if (proxy !== null) t.after(() => proxy.close());
    const timing = leases ?? ['--queue-heartbeat-interval', `${HEARTBEAT_MS}ms`, '--queue-lease', `${LEASE_MS}ms`];
    const watched = through === 'sentinel' ? await Watched.start(t, redis, folder.path) : null;
    const where =
      watched === null
        ? ['--redis-addr', `127.0.0.1:${proxy?.port ?? redis.port}`]
        : ['--redis-sentinel', `main@127.0.0.1:${watched.port}`];
    const common = [...where, '--mqtt-broker', ABSENT_BROKER];
    // More than any task can be recovered here, so that none fails for it.
    common.push('--queue-max-recoveries', '1000', '--log-level', 'warn', ...timing, ...args);
    return new Cluster(redis, { proxy, watched }, folder.path, common);
  }

  /** The server that is the master. */
  get redis(): RedisServer {
    return this.#redis;
  }

  /** Kills the master. Resolves when its replica has taken its place, which is `redis` from then on. */
  async failOver(): Promise<void> {
    const watched = this.#watched ?? assert.fail('this cluster has no Sentinel');
    await this.#redis.kill();
    this.#redis = await watched.promoted();
  }

  get proxy(): Proxy {
    return this.#proxy ?? assert.fail('this cluster has no proxy');
  }

  /** All that were started and have not ended. */
  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** A node with HTTP and handlers. */
  node(name: string, ...args: string[]): Promise<Member> {
    return this.#start('start', name, args);
  }

  /** A node with HTTP only. */
  server(name: string, ...args: string[]): Promise<Member> {
    return this.#start('server', name, args);
  }

  /** A node with handlers only. */
  worker(name: string, ...args: string[]): Promise<Member> {
    return this.#start('worker', name, args);
  }

  /** From now on the audit takes no handler of this process for running: it died, or is frozen for longer than its leases. */
  forget(pid: number): void {
    this.gone.push({ pid, runs: readRuns(this.folder).length });
  }

  /** Ends all nodes at once, whatever they do. */
  async killAll(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
  }

  async #start(command: 'start' | 'server' | 'worker', name: string, more: readonly string[]): Promise<Member> {
    const http = command === 'worker' ? [] : ['--server-port', '0'];
    const handlers = command === 'server' ? [] : ['--handlers', join(FAULTS, 'handlers.ts')];
    const args = [command, '--node-id', name, ...http, ...handlers, ...this.#args, ...more];
    const launched = launch(this.folder, [BIN, ...args]);
    const said = await launched.said(command === 'worker' ? /runs as node/ : /HTTP +(http:\S+)/);
    const member: Member = {
      ...launched,
      name,
      url: said[1] ?? '',
      kill: async () => {
        launched.signal('SIGKILL');
        await launched.ended;
        this.forget(launched.pid);
      },
      stop: async () => {
        launched.signal('SIGTERM');
        const { code, err } = await launched.ended;
        assert.equal(code, 0, err);
      },
    };
    this.#members.set(name, member);
    void this.#leaveAtItsEnd(member);
    return member;
  }

  async #leaveAtItsEnd(member: Member): Promise<void> {
    await member.ended;
    if (this.#members.get(member.name) === member) this.#members.delete(member.name);
  }
}

interface NodeLine {
  readonly id: string;
  readonly live: boolean;
  readonly types: readonly string[];
}

/** Until this node sees so many live ones. */
export async function liveNodes(url: string, count: number): Promise<readonly NodeLine[]> {
  return eventually(
    async () => {
      const response = await fetch(`${url}/nodes`);
      return ((await response.json()) as { nodes: NodeLine[] }).nodes.filter(({ live }) => live);
    },
    (nodes) => nodes.length === count,
  );
}
