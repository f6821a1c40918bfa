type Settings = Readonly<Record<string, unknown>>;

export interface SampleSettings {
  /** For the names of tests. */
  readonly what: string;
  readonly settings: Settings;
  /** Fixed when the bucket is made. */
  readonly isForNewBuckets?: true;
  /** Where it can be had; anywhere when absent. */
  readonly location?: string;
}

const RESTRICTED = { restrictionMode: 'FullyRestricted' };

/** Every setting of a bucket that clients may give, with a value that is not the default. */
export const SAMPLE_SETTINGS: readonly SampleSettings[] = [
  { what: 'autoclass', settings: { autoclass: { enabled: true, terminalStorageClass: 'ARCHIVE' } } },
  { what: 'requester pays', settings: { billing: { requesterPays: true } } },
  {
    what: 'cors',
    settings: {
      cors: [
        { origin: ['https://a.example'], method: ['GET', 'PUT'], responseHeader: ['X-Mine'], maxAgeSeconds: 60 },
        { origin: ['*'], method: ['HEAD'], responseHeader: ['Content-Type'], maxAgeSeconds: 5 },
      ],
    },
  },
  {
    what: 'a dual region of its own',
    settings: { customPlacementConfig: { dataLocations: ['US-EAST1', 'US-WEST1'] } },
    isForNewBuckets: true,
  },
  { what: 'turbo replication', settings: { rpo: 'ASYNC_TURBO' }, location: 'NAM4' },
  { what: 'a hold by default', settings: { defaultEventBasedHold: true } },
  {
    what: 'encryption',
    settings: {
      encryption: {
        defaultKmsKeyName: 'projects/p/locations/us/keyRings/r/cryptoKeys/k',
        customerManagedEncryptionEnforcementConfig: RESTRICTED,
        customerSuppliedEncryptionEnforcementConfig: RESTRICTED,
        googleManagedEncryptionEnforcementConfig: RESTRICTED,
      },
    },
  },
  { what: 'uniform access', settings: { iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } } },
  { what: 'uniform access by its old name', settings: { iamConfiguration: { bucketPolicyOnly: { enabled: true } } } },
  { what: 'public access prevention', settings: { iamConfiguration: { publicAccessPrevention: 'enforced' } } },
  {
    what: 'an address filter',
    settings: {
      ipFilter: {
        mode: 'Enabled',
        allowAllServiceAgentAccess: true,
        allowCrossOrgVpcs: true,
        publicNetworkSource: { allowedIpCidrRanges: ['192.0.2.0/24'] },
        vpcNetworkSources: [{ network: 'projects/p/global/networks/n', allowedIpCidrRanges: ['10.0.0.0/8'] }],
      },
    },
  },
  { what: 'labels', settings: { labels: { team: 'a' } } },
  {
    what: 'lifecycle rules',
    settings: {
      lifecycle: {
        rule: [
          {
            action: { type: 'Delete' },
            condition: {
              age: 30,
              createdBefore: '2024-02-29',
              isLive: false,
              noncurrentTimeBefore: '2024-03-01',
              daysSinceNoncurrentTime: 3,
              numNewerVersions: 2,
            },
          },
          {
            action: { type: 'SetStorageClass', storageClass: 'COLDLINE' },
            condition: {
              customTimeBefore: '2024-01-01',
              daysSinceCustomTime: 4,
              matchesPrefix: ['logs/'],
              matchesSuffix: ['.log'],
              matchesStorageClass: ['STANDARD'],
            },
          },
          {
            action: { type: 'Delete' },
            condition: { age: 1, matchesPattern: 'tmp/.*', sizeAboveBytes: '10', sizeBelowBytes: '99' },
          },
        ],
      },
    },
  },
  { what: 'access logs', settings: { logging: { logBucket: 'log-bucket', logObjectPrefix: 'access' } } },
  { what: 'retention', settings: { retentionPolicy: { retentionPeriod: '60' } } },
  { what: 'soft delete', settings: { softDeletePolicy: { retentionDurationSeconds: '604800' } } },
  { what: 'versioning', settings: { versioning: { enabled: true } } },
  { what: 'a website', settings: { website: { mainPageSuffix: 'index.html', notFoundPage: '404.html' } } },
];

/** The fields that are set, as claims name them: maps are one field, lists are seen through. */
export function settingFields(settings: Settings): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => fieldsIn(value, name));
}

function fieldsIn(value: unknown, path: string): readonly string[] {
  if (path === 'labels') return [path];
  if (Array.isArray(value)) return [...new Set(value.flatMap((member) => fieldsIn(member, path)))];
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, member]) => fieldsIn(member, `${path}.${name}`));
}
