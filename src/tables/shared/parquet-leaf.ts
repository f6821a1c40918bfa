import type { AsyncBuffer, ColumnMetaData, SchemaTree } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath } from 'hyparquet/src/schema.js';
import { compressors } from 'hyparquet-compressors';
import type { ParquetValue } from './parquet-columns.ts';
import {
  type ColumnDecoder,
  type DataPage,
  openPage,
  type PageHeader,
  type ParquetScalar,
  readDictionary,
} from './parquet-page.ts';

const READ_BYTES = 256 * 1024;
const HEADER_BYTES = 4 * 1024;
const HEADER_BYTES_MAX = 16 * 1024 * 1024;
/** A page is decoded whole. Writers make pages of about 1 MiB; DuckDB stops at 100 MB. */
const PAGE_BYTES_MAX = 256 * 1024 * 1024;

/** Walks one column chunk row by row, holding one page at a time. */
export class LeafCursor {
  readonly #bytes: ChunkBytes;
  readonly #decoder: ColumnDecoder;
  readonly #maxDefinition: number;
  readonly #isRepeated: boolean;
  /** Values of the pages not opened yet. */
  #valuesLeft: number;
  #dictionary: readonly ParquetScalar[] | undefined;
  #page: DataPage | undefined;
  /** Of a flat leaf: rows of the page already taken. */
  #taken = 0;
  /** Of a repeated leaf: rows not yet taken; the last may still grow. */
  #lists: (readonly ParquetScalar[])[] = [];

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
      if (page.length > this.#valuesLeft) throw new Error('a column chunk holds more values than it says');
      this.#valuesLeft -= page.length;
      this.#page = page;
      this.#taken = 0;
      if (this.#isRepeated) this.#appendLists(page);
    }
    return this.#ready();
  }

  /** The next `count` rows, of which so many are available. */
  take(count: number): readonly ParquetValue[] {
    if (this.#isRepeated) return this.#lists.splice(0, count);
    const page = this.#page;
    if (page === undefined) return [];
    const rows = new Array<ParquetValue>(count);
    for (let index = 0; index < count; index += 1) {
      rows[index] = this.#isSet(page, this.#taken + index) ? page.nextValue() : null;
    }
    this.#taken += count;
    return rows;
  }

  #ready(): number {
    if (!this.#isRepeated) return (this.#page?.length ?? 0) - this.#taken;
    const growing = this.#valuesLeft > 0 ? 1 : 0;
    return Math.max(0, this.#lists.length - growing);
  }

  #isSet(page: DataPage, index: number): boolean {
    return page.definitionLevels === undefined || page.definitionLevels[index] === this.#maxDefinition;
  }

  #appendLists(page: DataPage): void {
    for (let index = 0; index < page.length; index += 1) {
      const startsRow = (page.repetitionLevels?.[index] ?? 0) === 0;
      const last = this.#lists.length - 1;
      if (!startsRow && last < 0) throw new Error('a list starts in the middle');
      const value = this.#isSet(page, index) ? [page.nextValue()] : NOTHING;
      if (startsRow) this.#lists.push(value);
      else this.#lists[last] = [...(this.#lists[last] ?? NOTHING), ...value];
    }
  }

  async #nextPage(): Promise<DataPage> {
    for (;;) {
      const header = await this.#bytes.header();
      const { type, compressed_page_size: size, uncompressed_page_size: plainSize } = header;
      if (!(size >= 0 && size <= PAGE_BYTES_MAX && plainSize >= 0 && plainSize <= PAGE_BYTES_MAX)) {
        throw new Error(`a page of ${size} bytes (${plainSize} uncompressed)`);
      }
      const compressed = await this.#bytes.take(size);
      if (type === 'DICTIONARY_PAGE') this.#dictionary = readDictionary(header, compressed, this.#decoder);
      else if (type === 'DATA_PAGE' || type === 'DATA_PAGE_V2') {
        return openPage(header, compressed, this.#decoder, this.#dictionary);
      }
    }
  }
}

/** One for all rows without elements: most rows of a checkpoint are such. */
const NOTHING: readonly ParquetScalar[] = [];

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
