import { generation } from '../model/ids.ts';
import type { JournalEntry } from '../stores/metadata/port.ts';
import { decodeJournal, type ReplacedRecord } from './rows/journal.ts';
import { loadState } from './rows/object-row.ts';
import type { ObjectEntry } from './rules/object-events.ts';

/** The mutation of an object that an entry of the journal is; undefined when it is another. */
export function objectEntryIn({ value }: JournalEntry): ObjectEntry | undefined {
  const { generation: own, record } = decodeJournal(value);
  if (record.op === 'replace')
    return { ...record, generation: generation(own), replaced: loadReplaced(record.replaced) };
  if (record.op !== 'insert' && record.op !== 'patch' && record.op !== 'delete') return undefined;
  const { state, replaced, ...rest } = record;
  return {
    ...rest,
    generation: generation(own),
    ...(state === undefined ? {} : { state: loadState(state, own) }),
    ...(replaced === undefined ? {} : { replaced: loadReplaced(replaced) }),
  };
}

function loadReplaced({ state, ...rest }: ReplacedRecord): NonNullable<ObjectEntry['replaced']> {
  return state === undefined ? rest : { ...rest, state: loadState(state, BigInt(rest.generation)) };
}
