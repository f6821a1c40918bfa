import type { Bucket } from '../model/bucket.ts';
import type { Append } from '../stores/metadata/port.ts';
import { encodeJournal, type JournalRecord } from './rows/journal.ts';

export function bucketEntry(
  bucket: Bucket,
  op: Extract<JournalRecord['op'], `bucket${string}`>,
  timeMs: number,
): Append {
  return { journal: bucket.scopeId, value: encodeJournal({ op, bucket: bucket.name, timeMs }) };
}
