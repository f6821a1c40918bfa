import { CRASH_POINTS } from '../crash-points.ts';
import { LOG_LEVELS } from '../logger.ts';
import type { Setting } from './setting.ts';

/** What most settings leave unsaid. */
const PLAIN = { unit: null, default: null, min: null, max: null, secret: false } as const;
const DURATION = { ...PLAIN, type: 'duration', unit: 'ms' } as const;
const BYTES = { ...PLAIN, type: 'bytes', unit: 'bytes' } as const;
const DAY_MS = 86_400_000;
const MIB = 2 ** 20;

const PLACE = [
  {
    ...PLAIN,
    key: 'site',
    type: 'text',
    placeholder: 'NAME',
    help: 'The name of this site. Buckets created here are owned by it.',
  },
  {
    ...PLAIN,
    key: 'listen',
    type: 'address',
    default: '127.0.0.1:9000',
    placeholder: 'HOST:PORT',
    help: 'Where the gateway listens. Port 0 takes a free one; the first start-up line says which.',
  },
  {
    ...PLAIN,
    key: 'data',
    type: 'text',
    placeholder: 'DIR',
    help: 'The folder that holds everything this site stores. Made when it is missing.',
  },
  {
    ...PLAIN,
    key: 'insecureOpen',
    type: 'boolean',
    default: false,
    help: 'Allows listening off loopback although identity is not checked yet: whoever reaches it may do anything.',
  },
] as const satisfies readonly Setting[];

const CLOUD = [
  {
    ...PLAIN,
    key: 'cloud',
    type: 'url',
    placeholder: 'URL',
    help:
      'The GCS endpoint whose buckets this site keeps in sync: a Strait gateway or https://storage.googleapis.com. ' +
      'Without it the site is a gateway of its own.',
  },
  {
    ...PLAIN,
    key: 'cloudCredentials',
    type: 'text',
    placeholder: 'none|adc|FILE',
    help:
      'How to sign in to the cloud: none, adc (application default credentials), or a credentials file. ' +
      'Unset: none when the cloud is on loopback, else adc.',
  },
  {
    ...PLAIN,
    key: 'project',
    type: 'text',
    placeholder: 'ID',
    help:
      'The project whose buckets are listed at the cloud and that pays there where requesters pay; the default ' +
      'project of buckets made here.',
  },
  {
    ...PLAIN,
    key: 'bucket',
    type: 'list',
    default: [],
    placeholder: 'NAME',
    help: 'A bucket to follow; repeat it for more. Unset: every bucket of the cloud endpoint.',
  },
  {
    ...PLAIN,
    key: 'hotAll',
    type: 'boolean',
    default: false,
    help:
      'Keeps what no policy names. Otherwise that passes through to the cloud, unless the cloud is on loopback. Off ' +
      'loopback this or a keep policy is required.',
  },
  {
    ...PLAIN,
    key: 'policies',
    type: 'policies',
    default: null,
    from: ['file'],
    help:
      'What to keep, by bucket, prefix or table; the longest match wins: keep (names and bytes), read-through ' +
      '(names; bytes on demand, cached), metadata-only (names; bytes on demand), pass-through (every request goes ' +
      'to the cloud).',
  },
  {
    ...PLAIN,
    key: 'tables',
    type: 'tables',
    default: null,
    from: ['file'],
    help: 'Iceberg tables whose metadata names foreign paths: the path prefixes that stand for the table’s own prefix.',
  },
] as const satisfies readonly Setting[];

const NOTIFICATIONS = [
  {
    ...PLAIN,
    key: 'pubsub',
    type: 'url',
    placeholder: 'URL',
    help:
      "Where buckets' notifications are published. Unset: the emulator of PUBSUB_EMULATOR_HOST, else " +
      'https://pubsub.googleapis.com.',
  },
  {
    ...PLAIN,
    key: 'pubsubCredentials',
    type: 'text',
    placeholder: 'none|adc|FILE',
    help:
      'How to sign in to Pub/Sub: none, adc (application default credentials), or a credentials file. ' +
      'Unset: none over plain http, else adc.',
  },
  {
    ...PLAIN,
    key: 'channelHost',
    type: 'list',
    default: [],
    placeholder: 'HOST[:PORT]',
    help:
      'A host that channels of object change notification may call whatever it stands for, over plain http too; ' +
      'repeat it for more. Others are called over https, and not on this machine unless the site listens on loopback.',
  },
] as const satisfies readonly Setting[];

const STORES = [
  {
    ...PLAIN,
    key: 'metadata',
    type: 'choice',
    choices: ['lmdb', 'memory', 'postgres'],
    default: 'lmdb',
    help: 'The metadata store. memory forgets everything at exit.',
  },
  {
    ...PLAIN,
    key: 'metadataUrl',
    type: 'text',
    placeholder: 'URL',
    secret: true,
    help: 'The connection string of the PostgreSQL metadata store.',
  },
  {
    ...PLAIN,
    key: 'blobs',
    type: 'choice',
    choices: ['files', 'memory', 's3'],
    default: 'files',
    help: 'The blob store. memory forgets everything at exit.',
  },
  {
    ...PLAIN,
    key: 's3Endpoint',
    type: 'url',
    placeholder: 'URL',
    help: 'The S3 store that holds the bytes.',
  },
  { ...PLAIN, key: 's3Bucket', type: 'text', placeholder: 'NAME', help: 'The bucket of the S3 store; it must exist.' },
  { ...PLAIN, key: 's3Region', type: 'text', default: 'us-east-1', placeholder: 'NAME', help: 'Its region.' },
  { ...PLAIN, key: 's3AccessKeyId', type: 'text', placeholder: 'ID', help: 'The access key of the S3 store.' },
  {
    ...PLAIN,
    key: 's3SecretAccessKey',
    type: 'text',
    secret: true,
    placeholder: 'SECRET',
    help: 'The secret of that access key. Prefer the variable: flags show in process lists.',
  },
  {
    ...BYTES,
    key: 'capacityBytes',
    min: 0,
    placeholder: 'BYTES',
    help: 'The most bytes to keep here. Past it reads keep nothing, with an alarm. Unset: the disk decides.',
  },
  {
    ...PLAIN,
    key: 'freeShareMin',
    type: 'share',
    default: 0.05,
    min: 0,
    max: 1,
    help: 'When a smaller share of the disk is free, new bytes are read through and not kept, with an alarm.',
  },
  {
    ...BYTES,
    key: 'inlineBytesMax',
    default: 16_384,
    min: 0,
    max: 16_384,
    help: 'Objects up to this size live in the metadata store.',
  },
  {
    ...DURATION,
    key: 'uploadTtlMs',
    default: 7 * DAY_MS,
    min: 1_000,
    help: 'An upload session nobody touches is dropped after this.',
  },
  {
    ...DURATION,
    key: 'reapGraceMs',
    default: 3_600_000,
    min: 0,
    help: 'Bytes nobody refers to are removed after this. Downloads under way may need it to be long.',
  },
  {
    ...DURATION,
    key: 'lifecycleMs',
    default: 3_600_000,
    min: 1_000,
    help: 'How often every object of a bucket with lifecycle rules is judged by them. A cloud sees to its own.',
  },
] as const satisfies readonly Setting[];

const SYNC = [
  {
    ...DURATION,
    key: 'retireGraceMs',
    default: 3_600_000,
    min: 0,
    help: 'A file that the newest published commit no longer reaches stays readable this long: queries may still run.',
  },
  {
    ...DURATION,
    key: 'reconcileMs',
    default: 30_000,
    min: 100,
    help: 'How often every bucket is listed in full at the cloud. Each listing costs calls.',
  },
  {
    ...DURATION,
    key: 'tailPollMs',
    default: 500,
    min: 50,
    help: 'How often a busy table’s log is asked for its next commit.',
  },
  {
    ...DURATION,
    key: 'tailPollMaxMs',
    default: 10_000,
    min: 50,
    help: 'How seldom that becomes while a table is quiet.',
  },
  {
    ...DURATION,
    key: 'heldAfterMs',
    default: 60_000,
    min: 0,
    help: 'A commit whose files are still missing after this is held, with an alarm.',
  },
  {
    ...DURATION,
    key: 'looseAfterMs',
    default: 5_000,
    min: 0,
    help: 'A file in a table that no commit names is listed after this.',
  },
  {
    ...PLAIN,
    key: 'transferConcurrency',
    type: 'integer',
    unit: 'objects',
    default: 8,
    min: 1,
    max: 256,
    help: 'Objects that are fetched at the same time; less when their parts would not fit transferBufferBytes.',
  },
  {
    ...BYTES,
    key: 'transferPartBytes',
    default: 4 * MIB,
    min: 65_536,
    max: 1024 * MIB,
    help:
      'Of a larger object at most this much is on its way or not yet on disk. After a restart at most this much is ' +
      'fetched again.',
  },
  {
    ...BYTES,
    key: 'transferBufferBytes',
    default: 96 * MIB,
    min: 131_072,
    help: 'The most memory that fetched bytes may wait in.',
  },
] as const satisfies readonly Setting[];

const PROCESS = [
  {
    ...DURATION,
    key: 'requestTimeoutMs',
    default: 30_000,
    min: 100,
    help: 'The head of a request must arrive within this. Bodies may take as long as they keep moving.',
  },
  {
    ...DURATION,
    key: 'idleTimeoutMs',
    default: 60_000,
    min: 100,
    help: 'A client that neither sends nor takes a byte for this long, while we wait for it, is cut off.',
  },
  {
    ...PLAIN,
    key: 'connectionsMax',
    type: 'integer',
    unit: 'connections',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    help: 'Connections accepted at the same time; more wait in the system’s queue.',
  },
  {
    ...DURATION,
    key: 'drainMs',
    default: 10_000,
    min: 0,
    help: 'How long a process that was told to stop lets requests under way finish.',
  },
  {
    ...PLAIN,
    key: 'logLevel',
    type: 'choice',
    choices: LOG_LEVELS,
    default: 'info',
    help: 'The least important level that is logged, as JSON lines on standard error.',
  },
  {
    ...PLAIN,
    key: 'asGcs',
    type: 'choice',
    choices: ['plain', 'rough'],
    help:
      'Gives a stand-in cloud the manners of GCS. plain: generations in no order, one mutation a second per name. ' +
      'rough: that, latency on every call, and some calls answered 429 or 503.',
  },
  {
    ...PLAIN,
    key: 'config',
    type: 'text',
    from: ['flag', 'variable'],
    placeholder: 'FILE',
    help: 'The configuration file. Unset: strait.yaml of the working folder, when there is one.',
  },
  {
    ...PLAIN,
    key: 'printConfig',
    type: 'boolean',
    default: false,
    from: ['flag'],
    help: 'Prints the configuration in force, secrets hidden, and exits.',
  },
  {
    ...PLAIN,
    key: 'crashAt',
    type: 'text',
    placeholder: 'POINT:COUNT',
    testOnly: true,
    help: `Kills the process at a named point, for fault tests: ${CRASH_POINTS[0]}:1.`,
  },
  {
    ...PLAIN,
    key: 'testFaults',
    type: 'boolean',
    default: false,
    testOnly: true,
    help: "Serves the retry test API of Google's conformance suite, by which tests of clients make their calls fail.",
  },
] as const satisfies readonly Setting[];

/** Sections of help and reference, in the order one meets them. */
export const SECTIONS = [
  { title: 'This site', settings: PLACE },
  { title: 'The cloud', settings: CLOUD },
  { title: 'Stores', settings: STORES },
  { title: 'Notifications', settings: NOTIFICATIONS },
  { title: 'Sync', settings: SYNC },
  { title: 'Process', settings: PROCESS },
] as const;

/** Every setting of `strait serve`. */
export const SETTINGS = [...PLACE, ...CLOUD, ...STORES, ...NOTIFICATIONS, ...SYNC, ...PROCESS] as const;
