import type { MethodId } from '../../src/dialects/gcs-json/api/document.ts';

interface WithoutEffect {
  /** `*` for parameters that every method has. */
  readonly methods: readonly (MethodId | '*')[];
  readonly kind: 'parameter' | 'field';
  readonly names: readonly string[];
  /** Who says that it does nothing at GCS either. */
  readonly source: string;
}

/** Parameters and fields that change nothing one could test for, in GCS itself. */
export const WITHOUT_EFFECT: readonly WithoutEffect[] = [
  {
    methods: ['*'],
    kind: 'parameter',
    names: ['quotaUser', 'userIp'],
    source: 'They choose whose quota a call counts against, never its answer (JSON API page, standard parameters).',
  },
  {
    methods: ['*'],
    kind: 'parameter',
    names: ['key', 'oauth_token'],
    source:
      'Credentials, as the Authorization header is: they say who asks, not what is answered to who may (JSON API ' +
      'page, standard parameters). Who asks is not checked yet, by whatever means (law 10).',
  },
  {
    methods: ['objects.patch', 'objects.update', 'objects.copy', 'objects.rewrite'],
    kind: 'field',
    names: ['crc32c', 'md5Hash'],
    source: 'Output only, "silently ignored if provided in requests" (google.storage.v2 Object.checksums).',
  },
  {
    methods: ['managedFolders.update'],
    kind: 'field',
    names: ['name'],
    source: 'The path names the folder ("Required if not specified by URL parameter", discovery document).',
  },
  {
    methods: ['objects.compose'],
    kind: 'field',
    names: ['destination.crc32c', 'destination.md5Hash'],
    source: 'As of copies. Python sends those of the object that is replaced (google/cloud/storage/blob.py, compose).',
  },
  {
    methods: ['objects.patch', 'objects.update'],
    kind: 'field',
    names: ['name'],
    source: 'The path names the object; names are immutable (google.storage.v2 Object.name).',
  },
  {
    methods: ['objects.patch', 'objects.update'],
    kind: 'field',
    names: ['storageClass'],
    source: 'Assigned "when the object is created or rewritten" only (object metadata page).',
  },
  {
    methods: ['objects.patch', 'objects.update'],
    kind: 'field',
    names: ['kmsKeyName'],
    source: 'The key of an object changes by a rewrite (customer-managed encryption keys page).',
  },
  {
    methods: ['objects.copy', 'objects.rewrite'],
    kind: 'field',
    names: ['name'],
    source: 'The path "overrides the object metadata\'s name value" (discovery document, destinationObject).',
  },
  {
    methods: ['objects.compose'],
    kind: 'field',
    names: ['destination.name'],
    source: 'The path names the destination (discovery document, destinationObject).',
  },
  {
    methods: ['buckets.patch', 'buckets.update'],
    kind: 'field',
    names: ['name', 'location', 'customPlacementConfig.dataLocations'],
    source: 'Immutable (google.storage.v2 Bucket); buckets.relocate moves a bucket.',
  },
  {
    methods: ['buckets.getStorageLayout'],
    kind: 'parameter',
    names: ['prefix'],
    source: '"An optional prefix used for permission check" (discovery document): it changes no answer.',
  },
  {
    methods: ['objects.watchAll'],
    kind: 'parameter',
    names: [
      ...['delimiter', 'endOffset', 'includeTrailingDelimiter', 'maxResults', 'pageToken', 'prefix', 'projection'],
      ...['startOffset', 'versions'],
    ],
    source: '"This parameter is not implemented for the watchAll method" (JSON API reference, Objects: watchAll).',
  },
  {
    methods: ['objects.watchAll'],
    kind: 'field',
    names: ['resourceId'],
    source: 'It says what is watched, which the path names (JSON API reference, Objects: watchAll, response).',
  },
  {
    methods: ['channels.stop'],
    kind: 'field',
    names: ['address', 'expiration', 'params', 'payload', 'token', 'type'],
    source: 'A channel is stopped by its id and resourceId (object change notification page, stopping a channel).',
  },
  {
    methods: ['buckets.list'],
    kind: 'parameter',
    names: ['returnPartialSuccess'],
    source: 'It tells of locations that cannot be reached (discovery document); a site reaches all of its own.',
  },
];
