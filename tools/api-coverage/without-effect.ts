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
];
