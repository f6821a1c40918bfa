/** Holds and retention. */
import type { Mutation } from '../mutation.ts';
import { KEPT_OBJECTS, KEPT_OBJECTS_MODEL, OBJECT_RETENTION } from './tests.ts';

const LOST = /Missing expected rejection/;

export const LAW_13: readonly Mutation[] = [
  {
    id: 'loss-not-judged',
    law: 13,
    breaks: 'a version is deleted although a hold or its retention keeps it',
    file: 'src/namespace/object-transaction.ts',
    find: 'judgeKept(loss, state)',
    replace: 'judgeKept(loss, undefined)',
    tests: [
      { test: KEPT_OBJECTS, only: 'from all that would', red: LOST },
      { test: KEPT_OBJECTS_MODEL, only: 'what is kept stays', red: /was kept, and is gone/ },
    ],
  },
  {
    id: 'noncurrent-version-composed-away',
    law: 13,
    breaks: 'a retained version that is noncurrent already is let go as if versioning still kept it',
    file: 'src/namespace/rules/retention.ts',
    find: 'fateOf(state, {',
    replace: 'fateOf({ ...state, timeDeletedMs: undefined }, {',
    tests: [{ test: KEPT_OBJECTS, only: 'become noncurrent, and from there', red: LOST }],
  },
  {
    id: 'policy-set-meanwhile-not-seen',
    law: 13,
    breaks: 'a deletion goes through although the bucket got a retention policy after it was decided',
    file: 'src/namespace/object-transaction.ts',
    find: '...(this.#isBySettings ? [sameSettings] : []),',
    replace: '',
    tests: [{ test: KEPT_OBJECTS, only: 'before the commit counts', red: LOST }],
  },
  {
    id: 'change-not-judged',
    law: 13,
    breaks: 'a patch drops or shortens a locked retention',
    file: 'src/namespace/object-transaction.ts',
    find: 'judgeRetentionChange(before, after, place)',
    replace: 'judgeRetentionChange(after, after, place)',
    tests: [{ test: KEPT_OBJECTS, only: 'before the commit of a patch counts', red: LOST }],
  },
  {
    id: 'locked-retention-removed',
    law: 13,
    breaks: 'a locked retention can be removed',
    file: 'src/namespace/rules/object-retention.ts',
    find: "if (!isLoosened && wanted.mode === 'Locked') return undefined;",
    replace: "if (wanted === undefined || (!isLoosened && wanted.mode === 'Locked')) return undefined;",
    tests: [
      { test: OBJECT_RETENTION, only: 'where its mode lets it', red: /permissionDenied/ },
      { test: KEPT_OBJECTS_MODEL, only: 'what is kept stays', red: /Property failed/ },
    ],
  },
  {
    id: 'release-does-not-count',
    law: 13,
    breaks: 'the retention policy counts from the creation of an object that was held since',
    file: 'src/namespace/rules/new-state.ts',
    find: 'isReleased ? updatedMs : current.holdReleasedMs',
    replace: 'current.holdReleasedMs',
    tests: [{ test: OBJECT_RETENTION, only: 'from the release of an event-based hold', red: /strictly equal/ }],
  },
  {
    id: 'retained-version-cleaned-up',
    law: 13,
    breaks: 'cleaning up deletes a soft-deleted version that is retained',
    file: 'src/namespace/expire-soft-deleted.ts',
    find: 'isKeptByItself(version.state, this.#nowMs)',
    replace: 'version.name === undefined',
    tests: [{ test: KEPT_OBJECTS, only: 'cleaning up leaves', red: /strictly equal/ }],
  },
];
