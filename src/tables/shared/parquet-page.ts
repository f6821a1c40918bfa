import type { DecodedArray } from 'hyparquet';
import type { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from 'hyparquet/src/schema.js';
import { compressors } from 'hyparquet-compressors';

export type ColumnDecoder = Parameters<typeof readDataPageV2>[2];
export type PageHeader = ReturnType<typeof parquetHeader>;
export type ParquetScalar = string | number | bigint | boolean;

/** A data page's levels, and its values one at a time: a page of many rows costs little more than its bytes. */
export interface DataPage {
  readonly length: number;
  /** Absent: every value is there. */
  readonly definitionLevels: Uint8Array | undefined;
  readonly repetitionLevels: Uint8Array | undefined;
  readonly nextValue: () => ParquetScalar;
}

/** The values of a dictionary page. */
export function readDictionary(
  header: PageHeader,
  bytes: Uint8Array,
  decoder: ColumnDecoder,
): readonly ParquetScalar[] {
  const page = decompressPage(bytes, header.uncompressed_page_size, decoder.codec, compressors);
  const length = header.dictionary_page_header?.num_values ?? 0;
  const next = plainValues(readerOf(page), length, decoder);
  return Array.from({ length }, next);
}

/** Decodes a page's levels; values are decoded as they are asked for. */
export function openPage(
  header: PageHeader,
  bytes: Uint8Array,
  decoder: ColumnDecoder,
  dictionary: readonly ParquetScalar[] | undefined,
): DataPage {
  const v1 = header.data_page_header;
  const v2 = header.data_page_header_v2;
  const levels = v1 ? levelsOfV1(header, bytes, decoder) : levelsOfV2(header, bytes, decoder);
  const encoding = (v1 ?? v2)?.encoding ?? '';
  const { reader, length, definitionLevels, setCount } = levels;
  if (encoding === 'PLAIN') return { ...levels, nextValue: plainValues(reader, setCount, decoder) };
  if (encoding.endsWith('_DICTIONARY')) return { ...levels, nextValue: dictionaryValues(reader, setCount, dictionary) };
  const page = v1
    ? readDataPage(decompressPage(bytes, header.uncompressed_page_size, decoder.codec, compressors), v1, decoder)
    : readDataPageV2(bytes, header, decoder);
  return { length, definitionLevels, repetitionLevels: levels.repetitionLevels, nextValue: eachOf(page.dataPage) };
}

interface Reader {
  readonly view: DataView;
  offset: number;
}

interface Levels extends Omit<DataPage, 'nextValue'> {
  /** Stands at the first value. */
  readonly reader: Reader;
  readonly setCount: number;
}

function levelsOfV1(header: PageHeader, bytes: Uint8Array, decoder: ColumnDecoder): Levels {
  const length = header.data_page_header?.num_values ?? 0;
  const page = decompressPage(bytes, header.uncompressed_page_size, decoder.codec, compressors);
  const reader = readerOf(page);
  const repetitionLevels = readLevels(reader, getMaxRepetitionLevel(decoder.schemaPath), { length });
  const definitionLevels = readLevels(reader, getMaxDefinitionLevel(decoder.schemaPath), { length });
  return withCount({ reader, length, repetitionLevels, definitionLevels }, decoder);
}

/** Levels stand before the compressed part and say how long they are (parquet-format, "Data Pages"). */
function levelsOfV2(header: PageHeader, bytes: Uint8Array, decoder: ColumnDecoder): Levels {
  const v2 = header.data_page_header_v2;
  if (v2 === undefined) throw new Error('a data page without its header');
  const { num_values: length, repetition_levels_byte_length: repeats, definition_levels_byte_length: defines } = v2;
  const before = readerOf(bytes);
  const maxRepetition = getMaxRepetitionLevel(decoder.schemaPath);
  const repetitionLevels = readLevels(before, maxRepetition, { length, bytes: repeats });
  before.offset = repeats;
  const maxDefinition = getMaxDefinitionLevel(decoder.schemaPath);
  const definitionLevels = readLevels(before, maxDefinition, { length, bytes: defines });
  const rest = bytes.subarray(repeats + defines);
  const plainSize = header.uncompressed_page_size - repeats - defines;
  const isPlain = v2.is_compressed === false || rest.length === 0;
  const page = isPlain ? rest : decompressPage(rest, plainSize, decoder.codec, compressors);
  return withCount({ reader: readerOf(page), length, repetitionLevels, definitionLevels }, decoder);
}

function withCount(levels: Omit<Levels, 'setCount'>, decoder: ColumnDecoder): Levels {
  const max = getMaxDefinitionLevel(decoder.schemaPath);
  let setCount = levels.length;
  for (const level of levels.definitionLevels ?? []) if (level !== max) setCount -= 1;
  return { ...levels, setCount };
}

function readLevels(
  reader: Reader,
  max: number,
  run: { readonly length: number; readonly bytes?: number },
): Uint8Array | undefined {
  if (max === 0) return undefined;
  const levels = new Uint8Array(run.length);
  readRleBitPackedHybrid(reader, 32 - Math.clz32(max), levels, run.bytes);
  return levels;
}

function plainValues(reader: Reader, count: number, decoder: ColumnDecoder): () => ParquetScalar {
  if (decoder.type !== 'BYTE_ARRAY') return eachOf(readPlain(reader, decoder.type, count, decoder.element.type_length));
  const { view } = reader;
  const page = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  let at = reader.offset;
  return () => {
    const start = at + 4;
    const end = start + page.readUInt32LE(at);
    if (end > page.length) throw new Error('a value ends behind its page');
    at = end;
    return page.toString('utf8', start, end);
  };
}

function dictionaryValues(
  reader: Reader,
  count: number,
  dictionary: readonly ParquetScalar[] | undefined,
): () => ParquetScalar {
  const indexes = new Int32Array(count);
  const width = count === 0 ? 0 : reader.view.getUint8(reader.offset);
  reader.offset += 1;
  if (width > 0) readRleBitPackedHybrid(reader, width, indexes, reader.view.byteLength - reader.offset);
  let at = 0;
  return () => {
    const value = dictionary?.[indexes[at++] ?? -1];
    if (value === undefined) throw new Error('a page refers to a dictionary value that is not there');
    return value;
  };
}

function eachOf(values: DecodedArray): () => ParquetScalar {
  let at = 0;
  return () => {
    const value: unknown = values[at++];
    if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
    if (typeof value === 'string' || typeof value === 'number') return value;
    if (typeof value === 'bigint' || typeof value === 'boolean') return value;
    throw new Error('a page holds fewer values than it says');
  };
}

function readerOf(bytes: Uint8Array): Reader {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
}
