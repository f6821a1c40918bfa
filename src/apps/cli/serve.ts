import type { ServeConfig } from '../../runtime/config/serve-config.ts';
import { type Call, EXIT, type ExitCode } from './command.ts';
import { loadServeConfig, printConfig } from './config.ts';

/** Serves until the process is told to stop, then drains. */
export async function runServe(call: Call): Promise<ExitCode> {
  const config = loadServeConfig(call);
  if (config.printConfig) {
    printConfig(config, call);
    return EXIT.ok;
  }
  const { terminal, signal } = call;
  const { startSite } = await import('../serve.ts');
  const site = await startSite(config, (line) => terminal.err(`${line}\n`));
  terminal.out(`${startUpLine(config, site.url)}\nidentity is not checked yet\n`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  return (await site.close()) ? EXIT.ok : EXIT.error;
}

function startUpLine({ site, cloud, asGcs }: ServeConfig, url: string): string {
  const role = cloud ? `follows ${cloud.url.origin}` : asGcs ? `stands in for GCS (${asGcs})` : 'follows nobody';
  return `site ${site} listens on ${url} and ${role}`;
}
