import type { AsyncBuffer, ColumnMetaData, DecodedArray, SchemaTree } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath } from 'hyparquet/src/schema.js';
import { compressors } from 'hyparquet-compressors';
import type { ParquetValue } from './parquet-columns.ts';

type ColumnDecoder = Parameters<typeof readDataPageV2>[2];
type PageHeader = ReturnType<typeof parquetHeader>;

const READ_BYTES = 256 * 1024;
const HEADER_BYTES = 4 * 1024;
const HEADER_BYTES_MAX = 16 * 1024 * 1024;
/** A page is decoded whole. Writers make pages of about 1 MiB; DuckDB stops at 100 MB. */
const PAGE_BYTES_MAX = 256 * 1024 * 1024;

interface Page {
  readonly definitionLevels: readonly number[] | undefined;
  readonly repetitionLevels: readonly number[];
  readonly values: DecodedArray;
  readonly length: number;
}

/** Walks one column chunk row by row, holding one page at a time. */
export class LeafCursor {
  readonly #bytes: ChunkBytes;
  readonly #decoder: ColumnDecoder;
  readonly #maxDefinition: number;
  readonly #isRepeated: boolean;
  #valuesLeft: number;
  #dictionary: DecodedArray | undefined;
  /** Decoded rows not yet taken; of a repeated leaf the last may still grow. */
  #rows: ParquetValue[] = [];
  #taken = 0;

  constructor(file: AsyncBuffer, column: ColumnMetaData, schema: SchemaTree) {
    const schemaPath = getTreePath(schema, column.path_in_schema);
    const element = schemaPath.at(-1)?.element;
    if (element === undefined) throw new Error(`no column ${column.path_in_schema.join('.')}`);
    const repetition = getMaxRepetitionLevel(schemaPath);
    if (repetition > 1) throw new Error(`column ${column.path_in_schema.join('.')} is a list of lists`);
    this.#isRepeated = repetition === 1;
    this.#maxDefinition = getMaxDefinitionLevel(schemaPath);
    this.#decoder = {
      pathInSchema: column.path_in_schema,
      type: column.type,
      element,
      schemaPath,
      codec: column.codec,
      compressors,
      parsers: NO_PARSERS,
    };
    this.#bytes = new ChunkBytes(file, column);
    this.#valuesLeft = Number(column.num_values);
  }

  /** Rows that `take` can give now, reading the next page when there are none. 0 at the end of the chunk. */
  async available(): Promise<number> {
    while (this.#ready() === 0 && this.#valuesLeft > 0) {
      const page = await this.#nextPage();
      this.#rows = this.#rows.slice(this.#taken);
      this.#taken = 0;
      if (this.#isRepeated) this.#appendLists(page);
      else this.#rows = this.#scalars(page);
      this.#valuesLeft -= page.length;
    }
    return this.#ready();
  }

  take(count: number): readonly ParquetValue[] {
    const taken = this.#rows.slice(this.#taken, this.#taken + count);
    this.#taken += count;
    return taken;
  }

  #ready(): number {
    const growing = this.#isRepeated && this.#valuesLeft > 0 ? 1 : 0;
    return Math.max(0, this.#rows.length - this.#taken - growing);
  }

  #scalars(page: Page): ParquetValue[] {
    const rows = new Array<ParquetValue>(page.length);
    let value = 0;
    for (let row = 0; row < page.length; row += 1) {
      const isSet = page.definitionLevels === undefined || page.definitionLevels[row] === this.#maxDefinition;
      rows[row] = isSet ? this.#value(page.values[value++]) : null;
    }
    return rows;
  }

  #appendLists(page: Page): void {
    let value = 0;
    for (let index = 0; index < page.length; index += 1) {
      if (page.repetitionLevels[index] === 0) this.#rows.push([]);
      const isSet = page.definitionLevels === undefined || page.definitionLevels[index] === this.#maxDefinition;
      if (!isSet) continue;
      const row = this.#rows.at(-1);
      if (!Array.isArray(row)) throw new Error('a list starts in the middle');
      row.push(this.#value(page.values[value++]));
    }
  }

  #value(raw: unknown): ParquetValue {
    if (raw instanceof Uint8Array) return text(raw);
    if (typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'bigint' || typeof raw === 'boolean') {
      return raw;
    }
    throw new Error('a page holds fewer values than it says');
  }

  async #nextPage(): Promise<Page> {
    for (;;) {
      const header = await this.#bytes.header();
      const { type, compressed_page_size: size, uncompressed_page_size: plainSize } = header;
      if (!(size >= 0 && size <= PAGE_BYTES_MAX && plainSize >= 0 && plainSize <= PAGE_BYTES_MAX)) {
        throw new Error(`a page of ${size} bytes (${plainSize} uncompressed)`);
      }
      const compressed = await this.#bytes.take(size);
      if (type === 'DICTIONARY_PAGE') this.#readDictionary(header, compressed);
      else if (type === 'DATA_PAGE' || type === 'DATA_PAGE_V2') return this.#readData(header, compressed);
    }
  }

  #readDictionary(header: PageHeader, compressed: Uint8Array): void {
    const { codec, type, element } = this.#decoder;
    const page = decompressPage(compressed, header.uncompressed_page_size, codec, compressors);
    const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 };
    const values = readPlain(reader, type, header.dictionary_page_header?.num_values ?? 0, element.type_length);
    this.#dictionary = Array.from(values, (value: unknown) => this.#value(value));
  }

  #readData(header: PageHeader, compressed: Uint8Array): Page {
    const v1 = header.data_page_header;
    const v2 = header.data_page_header_v2;
    const encoding = (v1 ?? v2)?.encoding;
    const length = (v1 ?? v2)?.num_values;
    if (encoding === undefined || length === undefined) throw new Error('a data page without its header');
    const { codec } = this.#decoder;
    const page = v1
      ? readDataPage(decompressPage(compressed, header.uncompressed_page_size, codec, compressors), v1, this.#decoder)
      : readDataPageV2(compressed, header, this.#decoder);
    const levels = page.definitionLevels;
    return {
      definitionLevels: levels === undefined || levels.length === 0 ? undefined : levels,
      repetitionLevels: page.repetitionLevels,
      values: encoding.endsWith('_DICTIONARY') ? this.#dereference(page.dataPage) : page.dataPage,
      length,
    };
  }

  #dereference(indexes: DecodedArray): DecodedArray {
    const dictionary = this.#dictionary;
    if (dictionary === undefined) throw new Error('a page refers to a dictionary that is not there');
    return Array.from(indexes, (index: unknown) => dictionary[Number(index)]);
  }
}

/** The bytes of one column chunk, in order, fetched in blocks. */
class ChunkBytes {
  readonly #file: AsyncBuffer;
  readonly #end: number;
  #position: number;
  /** Bytes `[#position, #position + #block.length)` of the file. */
  #block = new Uint8Array(0);

  constructor(file: AsyncBuffer, column: ColumnMetaData) {
    const data = Number(column.data_page_offset);
    const dictionary = Number(column.dictionary_page_offset ?? 0n);
    this.#file = file;
    this.#position = dictionary > 0 && dictionary < data ? dictionary : data;
    this.#end = Math.min(this.#position + Number(column.total_compressed_size), file.byteLength);
  }

  /** Headers say nothing of their own length: try with a little, then with more. */
  async header(): Promise<PageHeader> {
    for (let wanted = HEADER_BYTES; ; wanted *= 4) {
      const isAll = await this.#ensure(wanted);
      const reader = { view: new DataView(this.#block.buffer, this.#block.byteOffset, this.#block.length), offset: 0 };
      try {
        const header = parquetHeader(reader);
        this.#advance(reader.offset);
        return header;
      } catch (error) {
        if (isAll || wanted >= HEADER_BYTES_MAX) throw error;
      }
    }
  }

  /** A view that stays valid: blocks are never reused. */
  async take(count: number): Promise<Uint8Array> {
    await this.#ensure(count);
    if (this.#block.length < count) throw new Error(`a column chunk ends ${count - this.#block.length} bytes early`);
    const bytes = this.#block.subarray(0, count);
    this.#advance(count);
    return bytes;
  }

  /** True when the block now holds all that is left of the chunk. */
  async #ensure(count: number): Promise<boolean> {
    const left = this.#end - this.#position;
    if (this.#block.length < Math.min(count, left)) {
      const length = Math.min(Math.max(count, READ_BYTES), left);
      this.#block = new Uint8Array(await this.#file.slice(this.#position, this.#position + length));
      if (this.#block.length < length) throw new Error('the file is shorter than its footer says');
    }
    return this.#block.length >= left;
  }

  #advance(count: number): void {
    this.#position += count;
    this.#block = this.#block.subarray(count);
  }
}

/** Values stay primitive: nothing here asks for dates or JSON. */
const NO_PARSERS = {} as ColumnDecoder['parsers'];

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
