import { renderReference } from '../src/runtime/config/render-settings.ts';
import { SECTIONS } from '../src/runtime/config/schema.ts';
import { KNOWN_DIFFERENCES } from '../test/differential/known-differences.ts';
import { renderDifferences } from '../test/differential/render-differences.ts';

/** Pages whose one source is code. */
export const REFERENCE_PAGES: readonly { readonly path: string; readonly render: () => string }[] = [
  { path: 'docs/reference/config.md', render: () => renderReference(SECTIONS) },
  { path: 'docs/reference/differences.md', render: () => renderDifferences(KNOWN_DIFFERENCES) },
];
