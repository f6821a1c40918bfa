import { renderReference } from '../src/runtime/config/render-settings.ts';
import { SECTIONS } from '../src/runtime/config/schema.ts';

/** Pages whose one source is code. */
export const REFERENCE_PAGES: readonly { readonly path: string; readonly render: () => string }[] = [
  { path: 'docs/reference/config.md', render: () => renderReference(SECTIONS) },
];
