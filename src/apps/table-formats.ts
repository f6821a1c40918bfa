import { DeltaFormat } from '../tables/delta/delta-format.ts';
import { DirectoryFormat } from '../tables/directory/directory-format.ts';
import { HudiFormat } from '../tables/hudi/hudi-format.ts';
import { IcebergFormat } from '../tables/iceberg/iceberg-format.ts';
import type { TableFormat } from '../tables/port.ts';

/** Every format Strait knows, in the order in which they are asked what a name proves. */
export function tableFormats(): readonly TableFormat[] {
  return [new DeltaFormat(), new HudiFormat(), new IcebergFormat(), new DirectoryFormat()];
}
