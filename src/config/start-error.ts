// A start that failed because of something outside: a taken port, a data file in use, a server that cannot be reached.
import { environmentName, flagName, type SettingPath } from './settings.ts';

/** Exit code 4. The message names the setting to change. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly setting: SettingPath;

  constructor(setting: SettingPath, detail: string, options?: ErrorOptions) {
    super(`${setting}: ${detail} (change it with ${flagName(setting)} or ${environmentName(setting)})`, options);
    this.setting = setting;
  }
}
