import { isStraitError } from '../../model/errors.ts';
import type { TableCursor, TableLook, TableProblem, TableVersion } from '../port.ts';
import { TableLogError } from '../port.ts';
import {
  type DeltaState,
  type Hint,
  isAttachable,
  jumpState,
  makeCursor,
  remadeCursor,
  settledState,
  startState,
  stateOf,
  versionOf,
  withCheckpoint,
  withHint,
} from './cursor.ts';
import type { LogCache } from './log-cache.ts';
import { checkpointNames, checkpointVersion, commitName, hintName, logFolder } from './log-names.ts';
import { inspectCheckpoint } from './read-checkpoint.ts';
import { broken, checkCommit, type LogContext } from './read-commit.ts';
import { readHint } from './read-hint.ts';
import { type FoundCheckpoint, type LogGroup, readLogGroups, type Survey, surveyLog } from './survey-log.ts';

const LOOK_VERSIONS = 100;
/** How far below the newest version its checkpoint is looked for. */
const NEWEST_CHECKPOINT_VERSIONS = 300;

/** Where a chain of versions has come to. */
interface Chain {
  readonly version: number;
  readonly state: DeltaState;
  readonly problem?: TableProblem;
}

/** The last version of a long run, with the checkpoints not far below it. */
interface Newest {
  readonly version: number;
  readonly group: LogGroup;
  readonly checkpoints: readonly FoundCheckpoint[];
}

/** One look at a Delta log: which versions come after the cursor. */
export class DeltaLook {
  readonly #context: LogContext;
  readonly #cache: LogCache;
  readonly #from: TableCursor | undefined;
  readonly #versions: TableVersion[] = [];
  readonly #warnings: string[] = [];
  #hint: Hint | undefined;

  constructor(context: LogContext, cache: LogCache, from: TableCursor | undefined) {
    this.#context = context;
    this.#cache = cache;
    this.#from = from;
  }

  async run(): Promise<TableLook> {
    const ordinal = versionOf(this.#from);
    const known = this.#from && settledState(this.#from);
    const survey = await surveyLog(this.#groups(known?.floor ?? -1), ordinal, LOOK_VERSIONS);
    const rewritten = known && (await this.#rewritten(survey, ordinal, known));
    if (rewritten !== undefined) return (await this.#remade()) ?? this.#result(false, rewritten);
    this.#hint = await readHint(this.#context, known?.hint?.generation, (message) => this.#warnings.push(message));
    const newest = survey.isCut ? await this.#newestAfter(ordinal + survey.run.length) : undefined;
    const start = known ? await this.#attach(survey, known) : startState(newest?.version ?? survey.lastCommit);
    const chain = await this.#follow({ version: ordinal, state: start }, survey.run);
    if (chain.problem !== undefined || !survey.isCut) return await this.#passGap(chain, survey);
    if (newest !== undefined) await this.#offerNewest(chain, newest);
    return this.#result(true, undefined);
  }

  #groups(after: number): AsyncIterable<LogGroup> {
    return readLogGroups(this.#context.files, this.#context.location.prefix, after);
  }

  #result(more: boolean, problem: TableProblem | undefined): TableLook {
    const look = { versions: this.#versions, more, warnings: this.#warnings, ...(problem && { problem }) };
    // An entry after the published one follows it only if that is still there: another table may have been made here.
    const { tip } = (this.#from && stateOf(this.#from)) ?? {};
    if (tip === undefined || !this.#versions.some(({ kind }) => kind === 'commit')) return look;
    return { ...look, completedBefore: commitName(this.#context.location.prefix, versionOf(this.#from)) };
  }

  /** The published entry has become another: the table was dropped and made again, or its log was tampered with. */
  async #rewritten(survey: Survey, ordinal: number, state: DeltaState): Promise<TableProblem | undefined> {
    const name = commitName(this.#context.location.prefix, ordinal);
    if (state.tip === undefined) return undefined;
    if (survey.tip === undefined) {
      const isCleaned = survey.checkpoints.length > 0 || survey.attachable.some(({ version }) => version === ordinal);
      if (isCleaned || survey.lastCommit > ordinal) return undefined;
      for await (const group of this.#groups(-1)) {
        if (group.commit === undefined) continue;
        return { kind: 'broken', name, message: `the log ends before version ${ordinal}, which is published` };
      }
      return undefined;
    }
    if (String(survey.tip.generation) === state.tip.generation) return undefined;
    if ((await this.#digest({ version: ordinal, commit: survey.tip })) === state.tip.digest) return undefined;
    return { kind: 'broken', name, message: 'the entry was written again after it was published' };
  }

  /**
   * The log of a table that was dropped and made again: it begins with another entry than readers see. It takes the
   * place of the old log in one step, once all that the source has deleted is known: else entries of both would mix.
   */
  async #remade(): Promise<TableLook | undefined> {
    const { files, location } = this.#context;
    const name = commitName(location.prefix, 0);
    const first = await files.stat(name);
    if (first === undefined || files.listPublished === undefined) return undefined;
    for await (const shown of files.listPublished(name)) if (shown.generation === first.generation) return undefined;
    const look = await new DeltaLook(this.#context, this.#cache, undefined).run();
    if (look.versions.length === 0) return undefined;
    const versions = look.versions.map((version) => ({ ...version, cursor: remadeCursor(version.cursor) }));
    return { ...look, versions, completedBefore: logFolder(location.prefix) };
  }

  /** Checkpoints and hints that came after their version was published. */
  async #attach(survey: Survey, known: DeltaState): Promise<DeltaState> {
    let state = known;
    let newest: FoundCheckpoint | undefined;
    for (const checkpoint of survey.attachable) {
      if (!isAttachable(known, checkpoint.version) || known.recent[checkpoint.id] === checkpoint.mark) continue;
      if (!(await this.#isComplete(checkpoint))) continue;
      state = withCheckpoint(state, checkpoint.id, checkpoint.mark);
      newest = checkpoint;
    }
    state = withHint(state, this.#hint);
    if (state === known) return known;
    const { prefix } = this.#context.location;
    const visibility = (newest && checkpointNames(prefix, newest.id).at(-1)) ?? hintName(prefix);
    this.#versions.push({ kind: 'attachment', cursor: makeCursor(versionOf(this.#from), state), visibility });
    return state;
  }

  /** Adds a version for each group, until one cannot be read. */
  async #follow(start: Chain, groups: readonly LogGroup[]): Promise<Chain> {
    let chain = start;
    for (const group of groups) {
      let digest: string | undefined;
      try {
        digest = await this.#digest(group);
      } catch (error) {
        if (error instanceof TableLogError) return { ...chain, problem: error.problem };
        throw error;
      }
      if (digest === undefined) return chain;
      chain = await this.#offer(chain.state, group, digest);
    }
    return chain;
  }

  async #offer(before: DeltaState, group: LogGroup, digest: string | undefined): Promise<Chain> {
    let state = before;
    for (const checkpoint of group.checkpoints) {
      if (await this.#isComplete(checkpoint)) state = withCheckpoint(state, checkpoint.id, checkpoint.mark);
    }
    const { tip: _, ...rest } = withHint(state, this.#hint);
    const { commit, version } = group;
    const tip = commit && digest !== undefined && { digest, generation: String(commit.generation) };
    state = { ...rest, ...(tip && { tip }) };
    const { prefix } = this.#context.location;
    const { checkpoint } = state;
    const standsAlone = commit === undefined && checkpoint && checkpointVersion(checkpoint) === version;
    const main = standsAlone ? checkpointNames(prefix, checkpoint).at(-1) : undefined;
    const visibility = main ?? commitName(prefix, version);
    this.#versions.push({ kind: 'commit', cursor: makeCursor(version, state), visibility });
    return { version, state };
  }

  /**
   * Far behind, the versions in between may be gone from the source (vacuum): the newest one is offered too. Of the
   * checkpoints in between only the newest goes with it; others follow as attachments, or are strays.
   */
  async #offerNewest(chain: Chain, newest: Newest): Promise<void> {
    const checkpoint = await this.#newestComplete(newest.checkpoints);
    const state = checkpoint ? withCheckpoint(chain.state, checkpoint.id, checkpoint.mark) : chain.state;
    await this.#follow({ version: newest.version - 1, state }, [newest.group]);
  }

  /** Finds the end of an unbroken run by asking for few of its names: steps that double, then halve. */
  async #newestAfter(version: number): Promise<Newest | undefined> {
    const { files, location } = this.#context;
    const exists = async (at: number) => (await files.stat(commitName(location.prefix, at))) !== undefined;
    let [end, stride] = [version, 1];
    for (; await exists(end + stride); stride *= 2) end += stride;
    for (; stride >= 1; stride /= 2) if (await exists(end + stride)) end += stride;
    const checkpoints: FoundCheckpoint[] = [];
    for await (const group of this.#groups(Math.max(version, end - NEWEST_CHECKPOINT_VERSIONS))) {
      if (group.version > end) break;
      checkpoints.push(...group.checkpoints);
      if (group.version === end) return { version: end, group, checkpoints };
    }
    return undefined;
  }

  /**
   * Beyond the unbroken run lies a hole, or an entry that cannot be followed. A complete checkpoint beyond it makes
   * the log readable again from there: log cleanup at the source leaves just that. Otherwise the missing file is
   * awaited: a version that needs it is offered.
   */
  async #passGap(chain: Chain, survey: Survey): Promise<TableLook> {
    if (chain.problem === undefined && !survey.isBeyondRun) return this.#result(false, undefined);
    const beyond: FoundCheckpoint[] = [];
    for (const checkpoint of survey.checkpoints) {
      if (checkpoint.version > chain.version && (await this.#hasCommitAt(checkpoint.version))) beyond.push(checkpoint);
    }
    const checkpoint = await this.#newestComplete(beyond);
    if (checkpoint !== undefined) {
      if (chain.problem) this.#warnings.push(`passed by a checkpoint: ${new TableLogError(chain.problem).message}`);
      return await this.#jump(chain.state, checkpoint);
    }
    if (chain.problem !== undefined) return this.#result(false, chain.problem);
    const unfinished = beyond.at(-1);
    if (chain.version < 0 && unfinished !== undefined) return await this.#jump(chain.state, unfinished);
    if (survey.isCommitBeyondRun) {
      const hole = { version: chain.version + 1, compacted: [], checkpoints: [] };
      await this.#offer(chain.state, hole, undefined);
    }
    return this.#result(false, undefined);
  }

  /** Starts again at a checkpoint. What lies below it is history that readers of the new versions never open. */
  async #jump(before: DeltaState, checkpoint: FoundCheckpoint): Promise<TableLook> {
    const { version, id, mark } = checkpoint;
    const above = await surveyLog(this.#groups(version - 1), version, LOOK_VERSIONS);
    const state = withCheckpoint(jumpState(before, { version, hasEntry: above.tip !== undefined }), id, mark);
    const group: LogGroup = { version, ...(above.tip && { commit: above.tip }), compacted: [], checkpoints: [] };
    const digest = above.tip && (await this.#digest({ version, commit: above.tip }));
    const first = await this.#offer(state, group, digest);
    const chain = await this.#follow(first, above.run);
    const newest = above.isCut && !chain.problem ? await this.#newestAfter(chain.version) : undefined;
    if (newest !== undefined) await this.#offerNewest(chain, newest);
    return this.#result(above.isCut, chain.problem);
  }

  /** Without an entry at it or after it, a checkpoint is the forerunner of an entry still to come. */
  async #hasCommitAt(version: number): Promise<boolean> {
    const { files, location } = this.#context;
    const [own, next] = [commitName(location.prefix, version), commitName(location.prefix, version + 1)];
    return (await files.stat(own)) !== undefined || (await files.stat(next)) !== undefined;
  }

  async #newestComplete(found: readonly FoundCheckpoint[]): Promise<FoundCheckpoint | undefined> {
    for (const checkpoint of found.toReversed()) if (await this.#isComplete(checkpoint)) return checkpoint;
    return undefined;
  }

  async #isComplete(checkpoint: FoundCheckpoint): Promise<boolean> {
    const { bucket, prefix } = this.#context.location;
    const key = `checkpoint ${bucket}/${prefix} ${checkpoint.id} ${checkpoint.mark}`;
    const answer = await this.#cache.remember(key, async () => {
      try {
        const { missing } = await inspectCheckpoint(this.#context, checkpoint.id);
        if (missing.length === 0) return 'complete';
        this.#warnings.push(`checkpoint ${checkpoint.version} waits for ${missing.slice(0, 3).join(', ')}`);
      } catch (error) {
        if (!(error instanceof TableLogError)) throw error;
        this.#warnings.push(error.message);
      }
      return undefined;
    });
    return answer !== undefined;
  }

  /** Reads an entry whole, once for each generation. Undefined when it has gone meanwhile. */
  async #digest({ version, commit }: Pick<LogGroup, 'version' | 'commit'>): Promise<string | undefined> {
    const { bucket, prefix } = this.#context.location;
    if (commit === undefined) throw broken(commitName(prefix, version), 'the entry is missing');
    return await this.#cache.remember(`entry ${bucket}/${commit.name} ${commit.generation}`, async () => {
      try {
        return await checkCommit(this.#context, commit);
      } catch (error) {
        if (isStraitError(error, 'objectNotFound')) return undefined;
        throw error;
      }
    });
  }
}
