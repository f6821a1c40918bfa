/** `node tools/generate-reference.ts`: writes the pages of docs/reference that come from code. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { REFERENCE_PAGES } from './reference-pages.ts';

mkdirSync('docs/reference', { recursive: true });
for (const { path, render } of REFERENCE_PAGES) writeFileSync(path, render());
