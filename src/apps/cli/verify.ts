import type { SiteStatus } from '../../dialects/admin/site-status.ts';
import { StraitError } from '../../model/errors.ts';
import { credentialsFor } from '../../remotes/gcs/credentials.ts';
import { GcsRemote } from '../../remotes/gcs/gcs-remote.ts';
import { systemClock } from '../../runtime/clock.ts';
import { isLoopback } from '../../runtime/config/loopback.ts';
import { readSettings } from '../../runtime/config/read-settings.ts';
import { systemRandom } from '../../runtime/random.ts';
import { type VerifyReport, type VerifyStatus, verifySite } from '../../sync/verify.ts';
import { tableFormats } from '../table-formats.ts';
import { type Call, EXIT, type ExitCode } from './command.ts';
import { json } from './run-cli.ts';
import { OTHER_VARIABLES, VERIFY_SETTINGS } from './settings.ts';
import { fetchStatus } from './status.ts';

export async function runVerify({ args, env, terminal, isJson, signal }: Call): Promise<ExitCode> {
  const settings = readSettings(VERIFY_SETTINGS, { args, env, otherVariables: OTHER_VARIABLES });
  const before = await fetchStatus(settings.site, signal);
  const cloudUrl = settings.cloud ?? cloudOf(before);
  const credentials = settings.cloudCredentials ?? (isLoopback(cloudUrl.hostname) ? 'none' : 'adc');
  const site = open(settings.site, { credentials: 'none', project: settings.project });
  const cloud = open(cloudUrl, { credentials, project: settings.project });
  try {
    const report = await verifySite(
      {
        site,
        cloud,
        clock: systemClock,
        formats: FORMATS,
        status: async () => auditStatus(await fetchStatus(settings.site, signal)),
      },
      {
        buckets: settings.bucket.length > 0 ? settings.bucket : (before.buckets ?? []),
        readsBytes: !settings.names,
        onProgress: (objects) => {
          if (terminal.isInteractive) terminal.err(`\r${objects} objects compared`);
        },
      },
      signal,
    );
    if (terminal.isInteractive) terminal.err('\r\x1b[K');
    terminal.out(isJson ? json(report) : renderReport(report));
    return report.equal && report.behind === 0 ? EXIT.ok : EXIT.notEqual;
  } finally {
    await Promise.all([site.close(), cloud.close()]);
  }
}

function cloudOf({ site, cloud }: SiteStatus): URL {
  if (cloud !== undefined) return new URL(cloud);
  throw new StraitError('invalidArgument', `${site} follows no cloud; say what to compare it with: --cloud URL`, {});
}

function open(url: URL, { credentials, project }: { credentials: string; project: string | undefined }): GcsRemote {
  return new GcsRemote(
    { clock: systemClock, random: systemRandom, credentials: credentialsFor(credentials) },
    { endpoint: url.href.replace(/\/$/, ''), ...(project === undefined ? {} : { project }) },
  );
}

const FORMATS = tableFormats();

function auditStatus({ caughtUp, retiring, tables }: SiteStatus): VerifyStatus {
  const unresolved = tables.filter(({ state }) => state === 'unresolved');
  return {
    caughtUp,
    retiring,
    tables: tables.flatMap(({ bucket, prefix, format }) => {
      const known = FORMATS.find(({ name }) => name === format);
      return known ? [{ bucket, prefix, format: known.name }] : [];
    }),
    unresolved: unresolved.map(({ bucket, prefix }) => `gs://${bucket}/${prefix}`),
  };
}

export function renderReport(report: VerifyReport): string {
  const { equal, asOf, objects, bytes, behind, retiring, unresolved, differences } = report;
  const verdict = equal && behind === 0 ? `proved equal as of ${asOf}` : `not equal as of ${asOf}`;
  const lines = [
    `${verdict}: ${objects} objects, ${bytes} bytes compared`,
    ...(behind > 0 ? [`behind by ${behind} names: the site still has work; look again later`] : []),
    ...(retiring > 0 ? [`${retiring} names deleted at the cloud stay until running queries are done`] : []),
    ...unresolved.map((table) => `warning: ${table} is unresolved and mirrored as plain objects`),
    ...differences.map(({ bucket, name, kind, cloud = 'not there', site = 'not there' }) => {
      return `${kind}: gs://${bucket}/${name}\n    cloud ${cloud}\n    site  ${site}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}
