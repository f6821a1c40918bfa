/** Fields of an object that every way of making or changing one may set, with a value for each. */
export const OBJECT_FIELDS = {
  cacheControl: 'no-store',
  contentDisposition: 'attachment',
  contentEncoding: 'br',
  contentLanguage: 'de',
  contentType: 'text/html',
  customTime: '2024-02-29T12:00:00.000Z',
  eventBasedHold: true,
  metadata: { colour: 'blue' },
  temporaryHold: true,
} as const;
