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
    methods: ['objects.patch', 'objects.update'],
    kind: 'field',
    names: ['crc32c', 'md5Hash'],
    source: 'Output only, "silently ignored if provided in requests" (google.storage.v2 Object.checksums).',
  },
  {
    methods: ['objects.patch', 'objects.update'],
    kind: 'field',
    names: ['name'],
    source: 'An object is named by the path; its name is metadata that cannot be edited (object metadata page).',
  },
  {
    methods: ['objects.patch', 'objects.update'],
    kind: 'field',
    names: ['storageClass'],
    source: 'The class of an object that exists changes by rewriting it or by lifecycle (storage classes page).',
  },
  {
    methods: ['objects.copy', 'objects.rewrite'],
    kind: 'field',
    names: ['name'],
    source: 'The destination is named by the path (google.storage.v2 RewriteObjectRequest.destination).',
  },
  {
    methods: ['objects.compose'],
    kind: 'field',
    names: ['destination.name'],
    source: 'The destination is named by the path (objects.compose page).',
  },
  {
    methods: ['buckets.patch', 'buckets.update'],
    kind: 'field',
    names: ['name', 'location'],
    source: 'Both are fixed when a bucket is made (buckets page: relocating is a method of its own).',
  },
];
