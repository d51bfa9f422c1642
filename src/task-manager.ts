// `TaskManager.start`: the SDK's manager on a node composed in this process.
import { compose } from './compose.ts';
import { loadConfig } from './config/load.ts';
import { type Options, optionsSource } from './config/options.ts';
import { TaskManagerBase } from './sdk/task-manager.ts';

export class TaskManager extends TaskManagerBase {
  /**
   * Starts a full node in this process. `options` are the settings of docs/config.md, nested and in camelCase; they win
   * over environment and `xqueue.yaml`. HTTP is served only if `server` is given here. The process lives until `close`.
   * @throws ConfigError names all that is wrong; StartError: a port or the data file is taken, a server not reachable
   */
  static async start(options: Options = {}): Promise<TaskManager> {
    const http = options.server === undefined ? 'off' : 'on';
    const resolved = loadConfig({ first: optionsSource(options), env: process.env, http });
    // A library speaks up when something is wrong, and is quiet otherwise.
    const { config } = resolved;
    const level = resolved.origin('log.level') === 'default' ? 'warn' : config.log.level;
    const node = await compose(
      { ...resolved, config: { ...config, log: { ...config.log, level } } },
      { http, demo: 'none' },
    );
    return new TaskManager(node);
  }
}
