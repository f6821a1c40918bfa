import { StraitError } from '../../../model/errors.ts';
import type { BlobId, StagingId } from '../../../model/ids.ts';
import { noSuchStaging, takenOver } from '../refusals.ts';
import { type S3Answer, type S3Client, xmlText, xmlTexts } from './s3-client.ts';
import { decodeStaging, encodeStaging, type S3Staging, type StagedPart } from './staging-state.ts';

/** A staging's state and the entity tag it had when it was read: the next write is made against it. */
export interface TaggedStaging {
  readonly state: S3Staging;
  readonly etag: string;
}

/** The objects of a blob store in one bucket, and the multipart uploads that become blobs. */
export class S3Objects {
  readonly client: S3Client;
  readonly #prefix: string;

  constructor(client: S3Client, prefix: string) {
    this.client = client;
    this.#prefix = prefix;
  }

  blobKey(id: BlobId): string {
    return `${this.#prefix}blobs/${id}`;
  }

  async readStaging(id: StagingId): Promise<TaggedStaging | undefined> {
    const { status, headers, body } = await this.client.send({ method: 'GET', key: this.#stagingKey(id) }, [200, 404]);
    return status === 404 ? undefined : { state: decodeStaging(id, body), etag: headers['etag'] ?? '' };
  }

  /**
   * Writes a state if the staging is still as `before` says (absent: not there yet). Throws `takenOver` when it is not.
   * A repeat after a lost answer meets its own write, and counts it as success.
   */
  async writeStaging(id: StagingId, state: S3Staging, before: TaggedStaging | undefined): Promise<TaggedStaging> {
    const headers = before === undefined ? { 'if-none-match': '*' } : { 'if-match': before.etag };
    const request = { method: 'PUT', key: this.#stagingKey(id), headers, body: encodeStaging(state) } as const;
    const answer = await this.client.send(request, [200, 404, 412]);
    if (answer.status === 200) return { state, etag: answer.headers['etag'] ?? '' };
    const now = await this.readStaging(id);
    if (now?.state.token === state.token) return now;
    throw now === undefined ? noSuchStaging(id) : takenOver();
  }

  async deleteStaging(id: StagingId): Promise<void> {
    await this.client.send({ method: 'DELETE', key: this.#stagingKey(id) }, [200, 204, 404]);
  }

  async putBlob(id: BlobId, body: readonly Uint8Array[]): Promise<void> {
    await this.client.send({ method: 'PUT', key: this.blobKey(id), body }, [200]);
  }

  async deleteBlob(id: BlobId): Promise<void> {
    await this.client.send({ method: 'DELETE', key: this.blobKey(id) }, [200, 204, 404]);
  }

  async startUpload(id: BlobId): Promise<string> {
    const answer = await this.client.send({ method: 'POST', key: this.blobKey(id), query: { uploads: '' } }, [200]);
    return requiredText(answer, 'UploadId');
  }

  /** `undefined` when there is no such upload: it was completed or aborted before. */
  async putPart(
    id: BlobId,
    uploadId: string,
    number: number,
    body: readonly Uint8Array[],
  ): Promise<StagedPart | undefined> {
    const query = { partNumber: String(number), uploadId };
    const request = { method: 'PUT', key: this.blobKey(id), query, body } as const;
    const { status, headers } = await this.client.send(request, [200, 404]);
    return status === 404 ? undefined : { number, etag: headers['etag'] ?? '' };
  }

  /** False when there is no such upload: it was completed or aborted before. */
  async completeUpload(id: BlobId, uploadId: string, parts: readonly StagedPart[]): Promise<boolean> {
    const entries = parts.map(
      ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${escapeQuotes(etag)}</ETag></Part>`,
    );
    const body = [Buffer.from(`<CompleteMultipartUpload>${entries.join('')}</CompleteMultipartUpload>`)];
    const headers = { 'content-type': 'application/xml' };
    const request = { method: 'POST', key: this.blobKey(id), query: { uploadId }, headers, body } as const;
    const answer = await this.client.send(request, [200, 404]);
    if (answer.status === 404) return false;
    // S3 answers 200 before it has finished, and may put an error into that body.
    const code = xmlText(answer.body.toString('utf8'), 'Code');
    if (code !== undefined) throw new StraitError('unavailable', `the S3 store did not join the parts: ${code}`, {});
    return true;
  }

  async abortUpload(id: BlobId, uploadId: string): Promise<void> {
    await this.client.send({ method: 'DELETE', key: this.blobKey(id), query: { uploadId } }, [200, 204, 404]);
  }

  /** The last part of the key of each object under `folder`. */
  async *list(folder: 'blobs' | 'staging'): AsyncGenerator<string, void, void> {
    const prefix = `${this.#prefix}${folder}/`;
    let token: string | undefined;
    do {
      const query = { 'list-type': '2', prefix, ...(token !== undefined && { 'continuation-token': token }) };
      const { body } = await this.client.send({ method: 'GET', key: '', query }, [200]);
      const xml = body.toString('utf8');
      for (const key of xmlTexts(xml, 'Key')) yield key.slice(prefix.length);
      token = xmlText(xml, 'NextContinuationToken');
    } while (token !== undefined && token !== '');
  }

  #stagingKey(id: StagingId): string {
    return `${this.#prefix}staging/${id}`;
  }
}

function requiredText({ body }: S3Answer, name: string): string {
  const text = xmlText(body.toString('utf8'), name);
  if (text === undefined) throw new StraitError('unavailable', `the S3 store's answer has no ${name}`, {});
  return text;
}

function escapeQuotes(etag: string): string {
  return etag.replaceAll('"', '&quot;');
}
