// What the tests of the engine share: an engine over the reference store, a clock the test moves, a hub that is fed.
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { createEngine } from '../../../src/engine/create-engine.ts';
import type { Engine, EngineSettings, TaskRequest } from '../../../src/engine/engine.ts';
import { EventHub } from '../../../src/engine/push/event-hub.ts';
import type { Claimed, NodeReport, Settlement, StoreSettings } from '../../../src/ports/task-store.ts';
import { ModelStore } from '../../model/model-store.ts';
import { quiet, RecordingLog, STORE_SETTINGS } from '../worker/scene.ts';
import { Weather } from '../worker/weather.ts';

export { first, quiet } from '../worker/scene.ts';

export const ENGINE_SETTINGS: EngineSettings = {
  nodeId: 'node-1',
  defaultTimeoutMs: 600_000,
  defaultRetry: 3,
  leaseMs: 90_000,
  heartbeatIntervalMs: 30_000,
  cancelGraceMs: 30_000,
  cleanupIntervalMs: 300_000,
  maxRecoveries: 3,
};

export function report(id: string, over: Partial<NodeReport> = {}): NodeReport {
  const what = { host: 'h', pid: 1, version: '0', startedAt: 0, types: [], slots: 1, running: 0, draining: false };
  return { id, ...what, ...over };
}

export class EngineScene {
  readonly clock = new ManualClock();
  readonly weather = new Weather();
  readonly log = new RecordingLog();
  readonly store: ModelStore;
  readonly engine: Engine;
  #requests = 0;

  constructor(settings: Partial<StoreSettings> = {}) {
    this.store = new ModelStore(this.clock, { ...STORE_SETTINGS, ...settings });
    const hub = new EventHub();
    let position: string | null = null;
    const feed = async (): Promise<void> => {
      const entries = await this.store.readOutbox(position, 1000);
      position = entries.at(-1)?.position ?? position;
      for (const entry of entries) hub.publish(entry.events());
    };
    this.store.onSignal(({ kind }) => {
      if (kind === 'outbox') void feed();
    });
    this.engine = createEngine({
      store: this.weather.over(this.store),
      clock: this.clock,
      settings: ENGINE_SETTINGS,
      log: this.log,
      hub,
    });
  }

  async submit(type: string, request: Omit<TaskRequest, 'type'> = {}): Promise<string> {
    const [reply] = await this.engine.submit([{ type, ...request }]);
    if (reply === undefined || reply.state === 'conflict') throw new Error('not accepted');
    return reply.task.id;
  }

  claim(type: string, nodeId = 'other', count = 100): Promise<Claimed[]> {
    return this.store.claim({ requestId: `${nodeId}/${++this.#requests}`, nodeId, types: [type], count });
  }

  async succeed(claimed: readonly Claimed[]): Promise<void> {
    const settlementOf = ({ lease }: Claimed): Settlement => ({
      id: lease.id,
      token: lease.token,
      outcome: { kind: 'succeed', result: '1' },
      handler: 'ended',
      by: 'holder',
    });
    await this.store.settle(claimed.map(settlementOf));
  }

  async pass(ms: number, stepMs = ms): Promise<void> {
    await quiet();
    for (let left = ms; left > 0; left -= stepMs) {
      await this.clock.advanceAsync(Math.min(left, stepMs));
      await quiet(3);
    }
    await quiet();
  }
}
