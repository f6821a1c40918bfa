import { systemClock } from '../../runtime/clock.ts';
import { readSettings } from '../../runtime/config/read-settings.ts';
import { runDemo } from '../demo/demo.ts';
import { type Call, EXIT, type ExitCode } from './command.ts';
import { DEMO_SETTINGS, OTHER_VARIABLES } from './settings.ts';

export async function runDemoCommand({ args, env, terminal, isJson, signal }: Call): Promise<ExitCode> {
  const { data, once, reset, rate } = readSettings(DEMO_SETTINGS, { args, env, otherVariables: OTHER_VARIABLES });
  const code = await runDemo(
    { clock: systemClock, terminal, signal },
    { data, reset, once, commitsPerSecond: rate, isJson },
  );
  return code === 0 ? EXIT.ok : EXIT.notEqual;
}
