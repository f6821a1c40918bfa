import type { BlobId } from '../../model/ids.ts';
import type { SecretKey } from '../../model/secret-key.ts';
import type { Random } from '../../runtime/random.ts';
import { closeBox, openBox } from '../../runtime/sealed-box.ts';
import { corruptBlob } from './refusals.ts';

/** What a box of a blob holds; part of what it authenticates (docs/formats/blob-v1.md, "Encryption"). */
const INNER = 0;
const LAST = 1;
const TAIL = 2;

/** Encrypts and decrypts what is stored of one blob, with that blob's data key. */
export class BlockCipher {
  readonly #id: BlobId;
  readonly #key: SecretKey;
  readonly #random: Random;

  constructor(id: BlobId, key: SecretKey, random: Random) {
    this.#id = id;
    this.#key = key;
    this.#random = random;
  }

  closeBlock(index: number, isLast: boolean, content: Uint8Array): Buffer {
    return closeBox(this.#random, this.#key, this.#context(isLast ? LAST : INNER, index), content);
  }

  /** `corrupt` when it is not that block of this blob, or the key is another one. */
  openBlock(index: number, isLast: boolean, box: Uint8Array): Buffer {
    const content = openBox(this.#key, this.#context(isLast ? LAST : INNER, index), box);
    if (content === undefined) throw corruptBlob(this.#id, `block ${index} cannot be decrypted with the key given`);
    return content;
  }

  /** What a staging must keep besides its stored blocks, at a durable offset. */
  closeTail(offset: number, content: Uint8Array): Buffer {
    return closeBox(this.#random, this.#key, this.#context(TAIL, offset), content);
  }

  openTail(offset: number, box: Uint8Array): Buffer {
    const content = openBox(this.#key, this.#context(TAIL, offset), box);
    if (content === undefined) throw corruptBlob(this.#id, 'its staging cannot be decrypted with the key given');
    return content;
  }

  #context(kind: number, position: number): Uint8Array {
    const context = Buffer.alloc(25);
    context.write(this.#id, 0, 'hex');
    context.writeBigUInt64BE(BigInt(position), 16);
    context.writeUInt8(kind, 24);
    return context;
  }
}

/** A blob and the key it is read or written with must agree; a plain blob in place of an encrypted one is a forgery. */
export function assertKeyFits(id: BlobId, isEncrypted: boolean, key: SecretKey | undefined): void {
  if (isEncrypted === (key !== undefined)) return;
  throw corruptBlob(id, isEncrypted ? 'it is encrypted, and no key was given' : 'it is not encrypted as it should be');
}
