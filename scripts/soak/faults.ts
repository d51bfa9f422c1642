// What the soak does to the cluster: one bad thing after another, at random, each told with how long it took until work
// went on.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../../test/differential/chance.ts';
import type { Cluster, Member } from '../../test/faults-redis/cluster.ts';
import type { RunTail } from './run-tail.ts';

export interface Scene {
  readonly cluster: Cluster;
  readonly chance: Chance;
  readonly tail: RunTail;
  readonly say: (line: string) => void;
  /** Starts the node of this name, which is not there. */
  readonly revive: (name: string) => Promise<Member>;
}

export interface Recovery {
  readonly fault: FaultKind;
  /** From the moment when everything was there again until work went on. */
  readonly ms: number;
}

const WEIGHTS = {
  'kill a worker': 5,
  'kill a server': 2,
  'kill Redis': 4,
  'freeze a worker': 2,
  'freeze Redis': 1,
  'stop a worker': 2,
} as const;
export type FaultKind = keyof typeof WEIGHTS;
/** Longer than any of it takes on a machine that is busy with other things. */
const RECOVERY_MS_MAX = 60_000;

export function randomFault(chance: Chance): FaultKind {
  return chance.weighted(WEIGHTS);
}

/** @throws when work does not go on */
export async function doFault(kind: FaultKind, scene: Scene, freezeMs?: number): Promise<Recovery> {
  const { chance, cluster, say } = scene;
  const worker = memberOf(scene, 'w');
  switch (kind) {
    case 'kill a worker': {
      const lost = runningOn(scene, worker.pid);
      await worker.kill();
      const since = performance.now();
      say(`kill -9 ${worker.name} with ${lost.length} running`);
      const revived = sleep(chance.below(3000)).then(() => scene.revive(worker.name));
      const recovery = await until(scene, kind, since, () =>
        lost.every(([id, attempt]) => isAgain(scene, id, attempt)),
      );
      await revived;
      return recovery;
    }
    case 'kill a server': {
      const server = memberOf(scene, 's');
      await server.kill();
      say(`kill -9 ${server.name}`);
      await sleep(chance.below(1000));
      await scene.revive(server.name);
      return workGoesOn(scene, kind);
    }
    case 'kill Redis': {
      await cluster.redis.kill();
      const downMs = chance.below(4000);
      say(`kill -9 Redis for ${downMs} ms`);
      await sleep(downMs);
      await cluster.redis.run();
      return workGoesOn(scene, kind);
    }
    case 'freeze a worker': {
      const ms = freezeMs ?? chance.between(500, 5000);
      say(`SIGSTOP ${worker.name} for ${ms} ms`);
      worker.signal('SIGSTOP');
      cluster.forget(worker.pid);
      await sleep(ms);
      worker.signal('SIGCONT');
      return workGoesOn(scene, kind);
    }
    case 'freeze Redis': {
      const ms = freezeMs ?? chance.between(500, 8000);
      say(`SIGSTOP Redis for ${ms} ms`);
      cluster.redis.pause();
      await sleep(ms);
      cluster.redis.resume();
      return workGoesOn(scene, kind);
    }
    case 'stop a worker': {
      say(`SIGTERM ${worker.name}`);
      await worker.stop();
      await scene.revive(worker.name);
      return workGoesOn(scene, kind);
    }
  }
}

function memberOf({ cluster, chance }: Scene, letter: 's' | 'w'): Member {
  const members = cluster.members.filter(({ name }) => name.startsWith(letter));
  const member = members[chance.below(members.length)];
  if (member === undefined) throw new Error(`no node of kind ${letter} is there`);
  return member;
}

function runningOn({ tail }: Scene, pid: number): (readonly [id: string, attempt: number])[] {
  tail.read();
  return [...tail.running.values()].filter((run) => run.pid === pid).map((run) => [run.taskId, run.attempt]);
}

/** Started anew, or ended in the moment of the kill. */
function isAgain({ tail }: Scene, id: string, attempt: number): boolean {
  return (tail.attempts.get(id) ?? 0) > attempt || !tail.running.has(`${id} ${attempt}`);
}

function workGoesOn(scene: Scene, kind: FaultKind): Promise<Recovery> {
  scene.tail.read();
  const { starts } = scene.tail;
  return until(scene, kind, performance.now(), () => scene.tail.starts > starts);
}

async function until({ tail, say }: Scene, fault: FaultKind, since: number, isSo: () => boolean): Promise<Recovery> {
  for (;;) {
    tail.read();
    const ms = Math.round(performance.now() - since);
    if (isSo()) {
      say(`  work went on after ${ms} ms`);
      return { fault, ms };
    }
    if (ms > RECOVERY_MS_MAX) throw new Error(`${fault}: work did not go on within ${RECOVERY_MS_MAX / 1000} s`);
    await sleep(20);
  }
}
