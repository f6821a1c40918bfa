import { CRASH_POINTS, type CrashPoint } from '../crash-points.ts';
import { isLoopback } from './loopback.ts';
import { readSettings, type SettingSources } from './read-settings.ts';
import { plainConfig, renderConfig } from './render-settings.ts';
import { SETTINGS } from './schema.ts';
import { ConfigError, type SettingValues } from './setting.ts';

type Settings = SettingValues<typeof SETTINGS>;

/** The configuration of `strait serve`: checked, complete and immutable. */
export interface ServeConfig
  extends Omit<Settings, 'site' | 'cloud' | 'cloudCredentials' | 'pubsub' | 'pubsubCredentials' | 'crashAt'> {
  readonly site: string;
  readonly cloud: CloudConfig | undefined;
  readonly pubsub: PubSubConfig;
  readonly crashAt: { readonly point: CrashPoint; readonly count: number } | undefined;
}

export interface CloudConfig {
  readonly url: URL;
  /** `none`, `adc` or the path of a credentials file. */
  readonly credentials: string;
}

export interface PubSubConfig {
  readonly url: URL;
  /** `none`, `adc` or the path of a credentials file. */
  readonly credentials: string;
}

/** Reads, checks and freezes. Throws one `ConfigError` with everything that is wrong. */
export function readServeConfig(sources: SettingSources): ServeConfig {
  const settings = readSettings(SETTINGS, sources);
  const { site, cloud, cloudCredentials, pubsub: _url, pubsubCredentials: _credentials, crashAt, ...rest } = settings;
  const problems = CHECKS.flatMap((check) => check(settings, sources) ?? []);
  if (problems.length > 0 || site === undefined) throw new ConfigError(problems);
  return Object.freeze({
    ...rest,
    site,
    cloud: cloud && Object.freeze({ url: cloud, credentials: cloudCredentials ?? defaultCredentials(cloud) }),
    pubsub: pubSubConfig(settings, sources.env),
    crashAt: crashAt === undefined ? undefined : parseCrashAt(crashAt),
  });
}

/** `PUBSUB_EMULATOR_HOST` is the variable Google's own clients know; it holds a host and a port. */
function pubSubConfig({ pubsub, pubsubCredentials }: Settings, env: SettingSources['env']): PubSubConfig {
  const emulator = env['PUBSUB_EMULATOR_HOST'];
  const url = pubsub ?? new URL(emulator ? `http://${emulator}` : 'https://pubsub.googleapis.com');
  return Object.freeze({ url, credentials: pubsubCredentials ?? (url.protocol === 'http:' ? 'none' : 'adc') });
}

function defaultCredentials(cloud: URL): string {
  return isLoopback(cloud.hostname) ? 'none' : 'adc';
}

type CrossCheck = (settings: Settings, sources: SettingSources) => string | undefined;

/** What no single setting can say. Each message ends with the way out. */
const CHECKS: readonly CrossCheck[] = [
  ({ site }) => (site === undefined ? 'this site needs a name; give --site NAME' : undefined),
  ({ site }) =>
    site !== undefined && !/^[a-z][a-z0-9-]{0,62}$/.test(site)
      ? `'${site}' is not a site name: lower-case letters, digits and -, such as --site east`
      : undefined,
  ({ site, cloud }) =>
    site === 'cloud' && cloud ? 'a site that follows a cloud cannot be called cloud; give another --site' : undefined,
  ({ listen, insecureOpen }) =>
    !isLoopback(listen.host) && !insecureOpen
      ? `identity is not checked yet, so ${listen.host} would be open to whoever reaches it; ` +
        'listen on 127.0.0.1, or accept that with --insecure-open'
      : undefined,
  ({ cloud }) =>
    cloud && cloud.protocol !== 'http:' && cloud.protocol !== 'https:'
      ? `cloud must be an http or https URL, not ${cloud.protocol}`
      : undefined,
  ({ cloud }) =>
    cloud && (cloud.username !== '' || cloud.password !== '')
      ? 'the cloud URL must hold no credentials; use --cloud-credentials'
      : undefined,
  ({ cloud, project, bucket }) =>
    cloud && /(^|\.)googleapis\.com$/.test(cloud.hostname) && project === undefined && bucket.length === 0
      ? 'GCS lists buckets by project; give --project ID, or name the buckets with --bucket'
      : undefined,
  ({ cloud, hotAll, policies }) =>
    cloud && !isLoopback(cloud.hostname) && !hotAll && !policies?.some(({ policy }) => policy === 'keep')
      ? 'nothing says what to keep of this cloud, and keeping all of it may be much; ' +
        'name it under policies in strait.yaml (policy: keep), or give --hot-all'
      : undefined,
  ({ pubsub }, { env }) =>
    pubsub === undefined && env['PUBSUB_EMULATOR_HOST'] && !URL.canParse(`http://${env['PUBSUB_EMULATOR_HOST']}`)
      ? 'PUBSUB_EMULATOR_HOST must be HOST:PORT, such as localhost:8085; mend it, or give --pubsub URL'
      : undefined,
  ({ asGcs, cloud }) => (asGcs && cloud ? '--as-gcs is for a stand-in cloud; leave out --cloud' : undefined),
  ({ data, metadata, blobs }) =>
    data === undefined && (metadata === 'lmdb' || blobs === 'files')
      ? 'there is no folder to store in; give --data DIR'
      : undefined,
  ({ metadata, metadataUrl }) =>
    metadata === 'postgres' && metadataUrl === undefined
      ? '--metadata postgres needs its connection string; set STRAIT_METADATA_URL'
      : undefined,
  ({ blobs, ...s3 }) =>
    blobs === 's3' && (!s3.s3Endpoint || !s3.s3Bucket || !s3.s3AccessKeyId || !s3.s3SecretAccessKey)
      ? '--blobs s3 needs s3Endpoint, s3Bucket, s3AccessKeyId and s3SecretAccessKey; set all four'
      : undefined,
  ({ tailPollMs, tailPollMaxMs }) =>
    tailPollMs > tailPollMaxMs ? 'tailPollMs must not be above tailPollMaxMs; raise --tail-poll-max-ms' : undefined,
  ({ transferPartBytes, transferBufferBytes }) =>
    transferPartBytes > transferBufferBytes
      ? 'a part must fit the buffer; raise --transfer-buffer-bytes or lower --transfer-part-bytes'
      : undefined,
  ({ policies }) => duplicate('policies', policies),
  ({ tables }) => duplicate('tables', tables),
  ({ crashAt }, { env }) =>
    crashAt !== undefined && env['STRAIT_TEST_FAULTS'] !== '1'
      ? 'crashAt kills the process on purpose; it is for fault tests, which set STRAIT_TEST_FAULTS=1'
      : undefined,
  ({ crashAt }) =>
    crashAt !== undefined && !parseCrashAt(crashAt)
      ? `'${crashAt}' is not a crash point and a count, such as ${CRASH_POINTS[0]}:1`
      : undefined,
];

function duplicate(
  key: string,
  entries: readonly { readonly bucket: string; readonly prefix: string }[] | undefined,
): string | undefined {
  const names = (entries ?? []).map(({ bucket, prefix }) => `gs://${bucket}/${prefix}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `${key}: ${twice} is there twice; leave one`;
}

function parseCrashAt(text: string): ServeConfig['crashAt'] {
  const [name, digits = ''] = text.split(':');
  const point = CRASH_POINTS.find((known) => known === name);
  return point !== undefined && /^[1-9][0-9]{0,8}$/.test(digits) ? { point, count: Number(digits) } : undefined;
}

/** The configuration as plain values by key, secrets hidden. */
export function serveConfigValues(config: ServeConfig): Readonly<Record<string, unknown>> {
  const { cloud, pubsub, crashAt: _crashAt, testFaults: _testFaults, ...rest } = config;
  const clouds = { cloud: cloud?.url, cloudCredentials: cloud?.credentials };
  return plainConfig(SETTINGS, {
    ...rest,
    ...clouds,
    pubsub: pubsub.url,
    pubsubCredentials: pubsub.credentials,
  });
}

/** The same as a configuration file: what `--print-config` shows. */
export function printServeConfig(config: ServeConfig): string {
  return renderConfig(serveConfigValues(config));
}
