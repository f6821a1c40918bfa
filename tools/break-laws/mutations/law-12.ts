/** Encryption by customers' keys. */
import type { Mutation } from '../mutation.ts';
import { AT_REST, BLOB_ENCRYPTION, ENCRYPTION, FILES } from './tests.ts';

export const LAW_12: readonly Mutation[] = [
  {
    id: 'inline-bytes-in-the-clear',
    law: 12,
    breaks: 'small objects under a key are stored beside the metadata as they are',
    file: 'src/namespace/staged-content.ts',
    find: "encodeInline(closeInline(deps.random, dataKey, id, bytes), 'aes-256-gcm')",
    replace: 'encodeInline(bytes)',
    tests: [{ test: AT_REST, only: 'uploads of every kind', red: /while an upload is staged/ }],
  },
  {
    id: 'digest-state-in-the-clear',
    law: 12,
    breaks: 'the state of a running MD5, which ends in content, is saved beside the encrypted tail of a staging',
    file: 'src/stores/blobs/staged-encoder.ts',
    find: 'return { encoder, tail: this.#blocks.closeTail(encoder.offset, tail) };',
    replace: 'return { encoder, ...(md5State && { md5State }), tail: this.#blocks.closeTail(encoder.offset, tail) };',
    tests: [{ test: BLOB_ENCRYPTION, run: FILES, only: 'is in any stored byte', red: /deep.equal/ }],
  },
  {
    id: 'blocks-without-a-place',
    law: 12,
    breaks: 'what a block authenticates does not say where it belongs',
    file: 'src/stores/blobs/block-cipher.ts',
    find: 'context.writeBigUInt64BE(BigInt(position), 16);',
    replace: '',
    tests: [{ test: BLOB_ENCRYPTION, run: FILES, only: 'another byte, order or length', red: /Missing expected rej/ }],
  },
  {
    id: 'last-block-unmarked',
    law: 12,
    breaks: 'the last block is encrypted like any other, so that a blob can be cut after a block',
    file: 'src/stores/blobs/block-cipher.ts',
    find: 'const LAST = 1;',
    replace: 'const LAST = 0;',
    tests: [{ test: BLOB_ENCRYPTION, run: FILES, only: 'another byte, order or length', red: /Missing expected rej/ }],
  },
  {
    id: 'segments-shared-across-keys',
    law: 12,
    breaks: 'a copy under another key names the bytes of its source, which that key does not open',
    file: 'src/namespace/rules/encryption.ts',
    find: 'customerKeyOf(source.encryption) === customerKeyOf(destination.encryption)',
    replace: 'true',
    tests: [
      { test: ENCRYPTION, only: 'copies: under the same key', red: /AssertionError/ },
      { test: AT_REST, only: 'its own key lost', red: /AssertionError/ },
    ],
  },
];
