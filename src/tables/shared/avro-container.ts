import { promisify } from 'node:util';
import { crc32, inflateRaw, zstdDecompress } from 'node:zlib';
import { snappyUncompress } from 'hyparquet';
import type { FileStat, TableFiles } from '../port.ts';
import {
  AvroError,
  type AvroRecord,
  compileReader,
  EMPTY_ITEMS_MAX,
  type Projection,
  parseSchema,
  type Reader,
  type SchemaNode,
  Tap,
} from './avro-schema.ts';

/**
 * Avro object container files (spec 1.11), read in a stream: one block in memory at a time, whatever the file's size.
 */

const MAGIC = 0x4f626a01;
const SYNC_BYTES = 16;
const CHUNK_BYTES = 256 * 1024;
const HEADER_BYTES_MAX = 16 * 1024 * 1024;
/** Of one block, compressed or not. Writers make blocks of 16 KiB to a few MiB. */
const BLOCK_BYTES_MAX = 64 * 1024 * 1024;
const BATCH_RECORDS = 512;

type Codec = (block: Uint8Array) => Promise<Uint8Array>;

const inflate = promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(inflateRaw);
const unzstd = promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(zstdDecompress);

const CODECS: Readonly<Record<string, Codec>> = {
  null: (block) => Promise.resolve(block),
  deflate: (block) => inflate(block, { maxOutputLength: BLOCK_BYTES_MAX }),
  zstandard: (block) => unzstd(block, { maxOutputLength: BLOCK_BYTES_MAX }),
  snappy: async (block) => unsnappy(block),
};

/** A snappy block is followed by the CRC32 of its decoded bytes, big-endian. */
function unsnappy(block: Uint8Array): Uint8Array {
  let size = 0;
  for (let at = 0, shift = 0; ; at += 1, shift += 7) {
    const byte = block[at];
    if (byte === undefined || shift > 28) throw new AvroError('a snappy block has no length');
    size += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (block.length < 5 || size > BLOCK_BYTES_MAX) throw new AvroError('a snappy block is too short or too long');
  const output = new Uint8Array(size);
  const end = block.length - 4;
  snappyUncompress(block.subarray(0, end), output);
  const expected = new DataView(block.buffer, block.byteOffset + end, 4).getUint32(0);
  if (crc32(output) !== expected) throw new AvroError('a snappy block fails its checksum');
  return output;
}

/** Bytes of one file in order, a chunk at a time. */
class Stream {
  readonly #files: TableFiles;
  readonly #file: FileStat;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #next = 0;

  constructor(files: TableFiles, file: FileStat) {
    this.#files = files;
    this.#file = file;
  }

  get isDone(): boolean {
    return this.#at === this.#chunk.length && this.#next >= this.#file.size;
  }

  async take(count: number): Promise<Uint8Array> {
    while (this.#chunk.length - this.#at < count) {
      if (this.#next >= this.#file.size) throw new AvroError('the file is truncated');
      const missing = count - (this.#chunk.length - this.#at);
      const end = Math.min(this.#file.size, this.#next + Math.max(CHUNK_BYTES, missing));
      const more = await this.#files.readRange(this.#file.name, this.#next, end);
      if (more.length === 0) throw new AvroError('the file is truncated');
      this.#chunk = this.#at === this.#chunk.length ? more : Buffer.concat([this.#chunk.subarray(this.#at), more]);
      this.#at = 0;
      this.#next += more.length;
    }
    this.#at += count;
    return this.#chunk.subarray(this.#at - count, this.#at);
  }

  async long(): Promise<number> {
    const bytes: number[] = [];
    for (;;) {
      const [byte = 0] = await this.take(1);
      bytes.push(byte);
      if (byte < 0x80 || bytes.length > 10) return new Tap(Uint8Array.from(bytes)).count();
    }
  }

  async bytes(bytesMax: number): Promise<Uint8Array> {
    const length = await this.long();
    if (length < 0 || length > bytesMax) throw new AvroError(`a length of ${length} bytes is out of range`);
    return await this.take(length);
  }
}

interface Header {
  readonly schema: SchemaNode;
  readonly codec: Codec;
  readonly sync: Uint8Array;
}

async function readHeader(stream: Stream): Promise<Header> {
  const magic = await stream.take(4);
  if (new DataView(magic.buffer, magic.byteOffset, 4).getUint32(0) !== MAGIC) {
    throw new AvroError('not an Avro container file');
  }
  let schemaText = '';
  let codecName = 'null';
  for (let count = await stream.long(); count !== 0; count = await stream.long()) {
    if (count < 0) await stream.long();
    for (let entry = 0; entry < Math.abs(count); entry += 1) {
      const key = Buffer.from(await stream.bytes(HEADER_BYTES_MAX)).toString();
      const value = await stream.bytes(HEADER_BYTES_MAX);
      if (key === 'avro.schema') schemaText = Buffer.from(value).toString();
      if (key === 'avro.codec') codecName = Buffer.from(value).toString();
    }
  }
  const sync = Uint8Array.from(await stream.take(SYNC_BYTES));
  const codec = Object.hasOwn(CODECS, codecName) ? CODECS[codecName] : undefined;
  if (codec === undefined) throw new AvroError(`unknown Avro codec ${JSON.stringify(codecName)}`);
  return { schema: readSchema(schemaText), codec, sync };
}

function readSchema(text: string): SchemaNode {
  try {
    return parseSchema(JSON.parse(text));
  } catch (error) {
    throw error instanceof AvroError ? error : new AvroError('the schema is not JSON', { cause: error });
  }
}

/**
 * The records of a container file, in batches, with the fields `want` names. Throws `AvroError` for damaged or
 * truncated content, and what `files` throws (`objectNotFound`) as it is.
 */
export async function* readAvro(
  files: TableFiles,
  file: FileStat,
  want: Projection,
): AsyncGenerator<readonly AvroRecord[]> {
  const stream = new Stream(files, file);
  const header = await readHeader(stream);
  const read = compileReader(header.schema, want);
  if (header.schema.kind !== 'record') throw new AvroError('the file does not hold records');
  while (!stream.isDone) {
    const { count, tap } = await readBlock(stream, header);
    for (let done = 0; done < count; done += BATCH_RECORDS) {
      yield decodeBatch(read, tap, Math.min(BATCH_RECORDS, count - done));
    }
    if (tap.left !== 0) throw new AvroError('a block is longer than its records');
  }
}

function decodeBatch(read: Reader, tap: Tap, count: number): AvroRecord[] {
  const batch: AvroRecord[] = [];
  try {
    for (let index = 0; index < count; index += 1) batch.push(read(tap) as AvroRecord);
  } catch (error) {
    // A schema that contains itself, over damaged bytes, can nest deeper than the stack.
    throw error instanceof AvroError ? error : new AvroError('a record cannot be decoded', { cause: error });
  }
  return batch;
}

async function readBlock(stream: Stream, header: Header): Promise<{ count: number; tap: Tap }> {
  const count = await stream.long();
  if (count < 0) throw new AvroError(`a block of ${count} records`);
  const packed = await stream.bytes(BLOCK_BYTES_MAX);
  const tap = new Tap(await unpack(header.codec, packed));
  if (count > Math.max(tap.left, EMPTY_ITEMS_MAX))
    throw new AvroError(`${count} records are past the end of the block`);
  const sync = await stream.take(SYNC_BYTES);
  if (!Buffer.from(sync.buffer, sync.byteOffset, SYNC_BYTES).equals(header.sync)) {
    throw new AvroError('a block does not end in the sync marker');
  }
  return { count, tap };
}

async function unpack(codec: Codec, packed: Uint8Array): Promise<Uint8Array> {
  try {
    return await codec(packed);
  } catch (error) {
    throw error instanceof AvroError ? error : new AvroError('a block cannot be decompressed', { cause: error });
  }
}
