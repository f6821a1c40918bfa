import { join } from 'node:path';
import type { BlobId, StagingId } from '../../../model/ids.ts';

/** The folders of `docs/formats/blob-v1.md`, "Blobs in files". */
export class BlobPaths {
  readonly root: string;
  readonly blobs: string;
  readonly staging: string;
  readonly writing: string;
  readonly format: string;

  constructor(root: string) {
    this.root = root;
    this.blobs = join(root, 'blobs');
    this.staging = join(root, 'staging');
    this.writing = join(root, 'writing');
    this.format = join(root, 'format');
  }

  fanOut(id: BlobId): string {
    return join(this.blobs, id.slice(0, 2));
  }

  get fanOuts(): readonly string[] {
    return Array.from({ length: 256 }, (_, byte) => join(this.blobs, byte.toString(16).padStart(2, '0')));
  }

  blob(id: BlobId): string {
    return join(this.fanOut(id), id);
  }

  stagedData(id: StagingId): string {
    return join(this.staging, `${id}.data`);
  }

  progress(id: StagingId): string {
    return join(this.staging, `${id}.progress`);
  }

  beingWritten(name: string): string {
    return join(this.writing, name);
  }
}

const ID = /^[0-9a-f]{32}$/;

export function isIdName(name: string): boolean {
  return ID.test(name);
}
