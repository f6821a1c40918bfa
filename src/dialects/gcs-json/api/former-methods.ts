import type { DocumentMethod } from './document.ts';

const TEXT = { location: 'query', type: 'string' } as const;
const FLAG = { location: 'query', type: 'boolean' } as const;

/**
 * Methods of v1 that the document lists no more, and that the API's reference and clients still have (JSON API
 * reference, "Objects: watchAll"). Written as the document writes methods.
 */
export const FORMER_METHODS = {
  'objects.watchAll': {
    id: 'storage.objects.watchAll',
    httpMethod: 'POST',
    path: 'b/{bucket}/o/watch',
    parameters: {
      bucket: { location: 'path', required: true, type: 'string' },
      delimiter: TEXT,
      endOffset: TEXT,
      includeTrailingDelimiter: FLAG,
      maxResults: { location: 'query', type: 'integer', format: 'uint32' },
      pageToken: TEXT,
      prefix: TEXT,
      projection: { location: 'query', type: 'string', enum: ['full', 'noAcl'] },
      startOffset: TEXT,
      userProject: TEXT,
      versions: FLAG,
    },
    request: { $ref: 'Channel' },
    response: { $ref: 'Channel' },
  },
} as const satisfies Readonly<Record<string, DocumentMethod>>;
