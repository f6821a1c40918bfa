import { readConfigFile } from '../../runtime/config/config-file.ts';
import {
  printServeConfig,
  readServeConfig,
  type ServeConfig,
  serveConfigValues,
} from '../../runtime/config/serve-config.ts';
import { type Call, EXIT, type ExitCode } from './command.ts';
import { json } from './run-cli.ts';

/** The configuration of `strait serve` from this call's flags, the environment and the configuration file. */
export function loadServeConfig({ args, env }: Call): ServeConfig {
  return readServeConfig({ args, env, file: readConfigFile(args, env) });
}

export function runConfig(call: Call): ExitCode {
  printConfig(loadServeConfig(call), call);
  return EXIT.ok;
}

export function printConfig(config: ServeConfig, { terminal, isJson }: Call): void {
  terminal.out(isJson ? json(serveConfigValues(config)) : printServeConfig(config));
}
