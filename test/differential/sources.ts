/** What the entries cite more than once. */
export const SOURCES = {
  discovery: 'discovery document, storage v1',
  jsonStatus: 'JSON API, "HTTP status and error codes"',
  objectsResource: 'JSON API, Objects resource',
  bucketsResource: 'JSON API, Buckets resource',
  objectId: 'discovery document, Object.id: "including the bucket name, object name, and generation number"',
  resumable: 'JSON API, "Performing resumable uploads"',
  preconditions: 'Cloud Storage, "Request preconditions"',
  generations: 'Cloud Storage, "Object metadata: generations and preconditions"',
  naming: 'Cloud Storage, "Object naming requirements"',
  acls: 'Cloud Storage, "Access control lists"',
  readme: "the peer's README: it is for tests of clients, with fewer checks than the service",
} as const;
