/**
 * What unmodified clients are put through, and what of it a client cannot do by itself: the rows and columns of
 * docs/reference/clients.md. Each pair that is not listed as lacking is a test of `test/clients`, of the same name.
 */
export const FEATURES = {
  buckets: 'make, find, list, change and delete buckets',
  settings: 'settings of buckets: lifecycle, CORS, website, logging, default class',
  'upload-simple': 'upload in one request',
  'upload-resumable': 'upload resumably, at once and in chunks',
  'upload-resumed': 'go on with an upload whose connection was cut',
  download: 'download whole',
  ranges: 'read ranges',
  gzip: 'read gzip content, unpacked',
  checksums: 'send and verify checksums; a wrong one is refused',
  list: 'list by prefix, delimiter, page and offset',
  glob: 'list by matchGlob',
  versions: 'keep, list, read and delete noncurrent generations',
  copy: 'copy',
  rewrite: 'rewrite over several calls by token',
  compose: 'compose',
  move: 'move atomically',
  preconditions: 'preconditions: 412, 304',
  metadata: 'custom metadata, custom time, fixed fields',
  contexts: 'object contexts and filtering by them',
  'soft-delete': 'list, read and restore what was soft-deleted',
  holds: 'holds and retention policies',
  keys: 'customer-supplied encryption keys',
  acls: 'access control lists',
  iam: 'IAM policies of buckets',
  hmac: 'HMAC keys',
  notifications: 'notification configurations',
  batch: 'batched calls',
  folders: 'buckets with hierarchical namespace',
  retries: 'repeat calls that fail with 503',
  sync: 'synchronize folders with buckets',
  'signed-urls': 'signed URLs (V4)',
} as const satisfies Readonly<Record<string, string>>;
export type Feature = keyof typeof FEATURES;

/** What Strait does not serve, whoever asks. */
export const NOT_SERVED: Partial<Readonly<Record<Feature, string>>> = {
  'signed-urls': 'they go to the XML API, which Strait does not serve yet',
};

interface ClientFacts {
  readonly name: string;
  /** What the client has no calls for, and the reason. */
  readonly lacks: Partial<Readonly<Record<Feature, string>>>;
}

const LIBRARY = { sync: 'it is a library' } as const;
const NO_ADMINISTRATION = {
  settings: 'it makes buckets and leaves them as they are',
  iam: 'it has no call for it',
  hmac: 'it has no call for it',
  notifications: 'it has no call for it',
} as const;

export const CLIENTS = {
  node: {
    name: 'Node, @google-cloud/storage',
    lacks: { ...LIBRARY, batch: 'it sends each call by itself' },
  },
  python: { name: 'Python, google-cloud-storage', lacks: LIBRARY },
  go: {
    name: 'Go, cloud.google.com/go/storage, `WithJSONReads` (told nothing, it reads through XML, which is not served)',
    lacks: { ...LIBRARY, batch: 'it sends each call by itself' },
  },
  java: { name: 'Java, com.google.cloud:google-cloud-storage', lacks: LIBRARY },
  gcsfs: {
    name: 'gcsfs',
    lacks: {
      ...LIBRARY,
      ...NO_ADMINISTRATION,
      glob: 'it lists everything and filters by itself',
      contexts: 'it keeps only fields it knows',
      'soft-delete': 'it has no call for it',
      holds: 'it has no call for it',
      keys: 'it has no call for it',
      folders: 'it handles them through gRPC',
    },
  },
  pyarrow: {
    name: "pyarrow's GcsFileSystem, which is Google's client for C++",
    lacks: {
      ...LIBRARY,
      ...NO_ADMINISTRATION,
      'upload-simple': 'it uploads resumably whatever the size',
      checksums: 'nothing can be set; it verifies all it reads and writes',
      glob: 'it lists everything and filters by itself',
      versions: 'it sees live objects only',
      compose: 'it has no call for it',
      move: 'it copies and deletes',
      preconditions: 'it sets none',
      contexts: 'it keeps only fields it knows',
      'soft-delete': 'it has no call for it',
      holds: 'it has no call for it',
      keys: 'it has no call for it',
      acls: 'it has no call for it',
      batch: 'it sends each call by itself',
      folders: 'it has no call for it',
    },
  },
  gcloud: {
    name: '`gcloud storage`',
    lacks: {
      move: 'it copies and deletes',
      glob: 'it lists everything and filters by itself',
      contexts: 'it has no options for them',
      batch: 'it sends each call by itself',
    },
  },
  rclone: {
    name: 'rclone',
    lacks: {
      ...NO_ADMINISTRATION,
      'upload-resumable': 'it uploads in one request whatever the size',
      'upload-resumed': 'it uploads in one request whatever the size',
      glob: 'it lists everything and filters by itself',
      versions: 'it sees live objects only',
      compose: 'it has no call for it',
      move: 'it copies and deletes',
      preconditions: 'it sets none',
      contexts: 'it keeps only fields it knows',
      'soft-delete': 'it has no call for it',
      holds: 'it has no call for it',
      keys: 'it has no call for it',
      batch: 'it sends each call by itself',
      folders: 'it has no call for it',
    },
  },
} as const satisfies Readonly<Record<string, ClientFacts>>;
export type Client = keyof typeof CLIENTS;

const factsOf = (client: Client): ClientFacts => CLIENTS[client];

/** Why there is no test of a pair; undefined when there is one. */
export function whyAbsent(client: Client, feature: Feature): string | undefined {
  return NOT_SERVED[feature] ?? factsOf(client).lacks[feature];
}

export function testedFeatures(client: Client): readonly Feature[] {
  return (Object.keys(FEATURES) as Feature[]).filter((feature) => whyAbsent(client, feature) === undefined);
}

/** How the test of a pair is called. */
export function cellName(client: Client, feature: Feature): string {
  return `${client}: ${feature}`;
}
