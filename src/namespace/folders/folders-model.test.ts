import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespaceFixture, streamOf } from '../../../test/support/namespace-fixture.ts';
import { storeWith } from '../../../test/support/store-with.ts';
import { type Random, seededRandom } from '../../runtime/random.ts';
import { advanceOperationsOnce } from '../advance-operations.ts';
import type { ListInput, ListResult } from '../list-objects.ts';
import { OPERATION_WORKERS } from '../operation-workers.ts';
import { encodeBucket } from '../rows/bucket-row.ts';
import { bucketKey } from '../rows/keys.ts';
import { bindNamespace } from '../service.ts';
import type { ListFoldersInput } from './folders.ts';

const BUCKET = 'tree';
const SETTINGS = {
  hierarchicalNamespace: { enabled: true },
  iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
};
/** Around '/' on both sides, and across planes: the order of leaves alone is not the order of names. */
const LEAVES = ['a', 'a.b', 'a0', 'a!', '\uFF5E', '\u{1F600}', 'b', '', '..'];

const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));

/** Names and folders in plain sets. */
class Model {
  readonly objects = new Map<string, string>();
  readonly folders = new Set<string>();

  insert(name: string, content: string): void {
    this.makeAbove(name);
    this.objects.set(name, content);
  }

  makeAbove(name: string): void {
    for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) this.folders.add(name.slice(0, at + 1));
  }

  isEmptyOf(folder: string): boolean {
    if ([...this.objects.keys()].some((name) => name.startsWith(folder))) return false;
    return ![...this.folders].some((name) => name.startsWith(folder) && name !== folder);
  }

  rename(from: string, to: string): boolean {
    const parent = to.slice(0, to.lastIndexOf('/', to.length - 2) + 1);
    const isPossible =
      this.folders.has(from) &&
      !this.folders.has(to) &&
      !to.startsWith(from) &&
      (parent === '' || this.folders.has(parent));
    if (!isPossible) return false;
    for (const name of [...this.folders]) {
      if (name.startsWith(from)) {
        this.folders.delete(name);
        this.folders.add(to + name.slice(from.length));
      }
    }
    for (const [name, content] of [...this.objects]) {
      if (name.startsWith(from)) {
        this.objects.delete(name);
        this.objects.set(to + name.slice(from.length), content);
      }
    }
    return true;
  }

  list(input: ListInput): { items: string[]; prefixes: string[] } {
    const { prefix = '', delimiter = '', startOffset = '', endOffset = '' } = input;
    const items: string[] = [];
    const prefixes = new Set<string>();
    const folders = input.includeFoldersAsPrefixes === true && delimiter === '/' ? [...this.folders] : [];
    for (const name of new Set([...this.objects.keys(), ...folders])) {
      if (!name.startsWith(prefix) || byBytes(name, startOffset) < 0) continue;
      if (endOffset !== '' && byBytes(name, endOffset) >= 0) continue;
      const at = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length);
      const rolled = name.slice(0, at + delimiter.length);
      if (at >= 0) prefixes.add(rolled);
      const isItem = at < 0 || (input.includeTrailingDelimiter === true && rolled === name);
      if (isItem && this.objects.has(name)) items.push(name);
    }
    return { items: items.toSorted(byBytes), prefixes: [...prefixes].toSorted(byBytes) };
  }

  listFolders({ prefix, isOneLevel, startOffset, endOffset }: ListFoldersInput): string[] {
    return [...this.folders]
      .filter((name) => name.startsWith(prefix) && byBytes(name, startOffset) >= 0)
      .filter((name) => endOffset === '' || byBytes(name, endOffset) < 0)
      .filter((name) => !isOneLevel || name === prefix || !name.slice(prefix.length, -1).includes('/'))
      .toSorted(byBytes);
  }
}

async function treeWorld(seed: number) {
  const random = seededRandom(seed);
  const fixture = namespaceFixture({ random: seededRandom(seed + 1_000) });
  const made = { name: BUCKET, project: 'p', location: 'US', storageClass: 'STANDARD', settings: SETTINGS };
  await fixture.namespace.insertBucket(made);
  return { ...fixture, model: new Model(), random };
}

type World = Awaited<ReturnType<typeof treeWorld>>;

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random.unit() * from.length)] as T;
const folderOf = (random: Random) =>
  Array.from({ length: 1 + Math.floor(random.unit() * 3) }, () => `${pick(random, LEAVES)}/`).join('');
const nameOf = (random: Random) => {
  const name = (random.unit() < 0.7 ? folderOf(random) : '') + (random.unit() < 0.9 ? pick(random, LEAVES) : 'x/');
  return name === '' || name === '..' ? 'x' : name;
};
const tried = (work: Promise<unknown>) =>
  work.then(
    () => true,
    () => false,
  );

const put = ({ namespace }: World, name: string, content = name) =>
  namespace.insertObject({
    target: { bucket: BUCKET, name, attributes: {}, preconditions: {}, expected: {} },
    body: streamOf(content),
  });

async function act(world: World): Promise<void> {
  const { namespace, model, random } = world;
  const [dice, name, folder] = [random.unit(), nameOf(random), folderOf(random)];
  const address = { bucket: BUCKET, name: folder };
  if (dice < 0.4) {
    await put(world, name);
    model.insert(name, name);
  } else if (dice < 0.55) {
    const isThere = model.objects.delete(name);
    const input = { address: { bucket: BUCKET, name }, preconditions: {} };
    assert.equal(await tried(namespace.deleteObject(input)), isThere);
  } else if (dice < 0.65) {
    const isNew = !model.folders.has(folder);
    assert.equal(await tried(namespace.insertFolder({ address, isRecursive: true })), isNew);
    model.makeAbove(folder);
  } else if (dice < 0.75) {
    const isPossible = model.folders.has(folder) && model.isEmptyOf(folder);
    assert.equal(await tried(namespace.deleteFolder({ address, preconditions: {} })), isPossible, folder);
    if (isPossible) model.folders.delete(folder);
  } else if (dice < 0.95) {
    const destination = folderOf(random);
    const isPossible = model.rename(folder, destination);
    const input = { bucket: BUCKET, source: folder, destination, sourcePreconditions: {} };
    assert.equal(await tried(namespace.renameFolder(input)), isPossible, `${folder} to ${destination}`);
  } else {
    const other = nameOf(random);
    const isPossible = model.objects.has(name) && name !== other;
    const input = { source: { bucket: BUCKET, name }, destination: { bucket: BUCKET, name: other } };
    const moved = namespace.moveObject({ ...input, preconditions: {}, sourcePreconditions: {} });
    assert.equal(await tried(moved), isPossible);
    if (isPossible) {
      model.insert(other, model.objects.get(name) ?? '');
      model.objects.delete(name);
    }
  }
}

async function listAll({ namespace }: World, input: ListInput) {
  const [items, prefixes]: [string[], string[]] = [[], []];
  let after: ListResult['nextAfter'];
  for (let pages = 0; pages < 1_000; pages += 1) {
    const page: ListResult = await namespace.listObjects({ ...input, ...(after === undefined ? {} : { after }) });
    items.push(...page.items.map(({ name }) => name));
    prefixes.push(...page.prefixes);
    after = page.nextAfter;
    if (after === undefined) return { items, prefixes };
  }
  throw new Error('the listing has no end');
}

async function compare(world: World): Promise<void> {
  const { namespace, model, random } = world;
  const some = () => pick(random, ['', '', nameOf(random), folderOf(random), 'a', 'a/']);
  for (let round = 0; round < 10; round += 1) {
    const input: ListInput = {
      ...{ bucket: BUCKET, prefix: some(), startOffset: some(), endOffset: some() },
      delimiter: pick(random, ['', '/', '/', 'a', '/a']),
      includeTrailingDelimiter: random.unit() < 0.3,
      includeFoldersAsPrefixes: random.unit() < 0.5,
      maxResults: pick(random, [1, 2, 3, 1_000]),
    };
    assert.deepEqual(await listAll(world, input), model.list(input), JSON.stringify(input));
    const wanted: ListFoldersInput = {
      ...{ bucket: BUCKET, prefix: pick(random, ['', folderOf(random)]), isOneLevel: random.unit() < 0.5 },
      ...{ startOffset: some(), endOffset: some(), maxResults: 1 + Math.floor(random.unit() * 4) },
    };
    const folders: string[] = [];
    let after: string | undefined;
    do {
      const page = await namespace.listFolders({ ...wanted, ...(after === undefined ? {} : { after }) });
      folders.push(...page.folders.map(({ name }) => name));
      after = page.nextAfter;
      assert.ok(folders.length <= 1_000);
    } while (after !== undefined);
    assert.deepEqual(folders, model.listFolders(wanted), JSON.stringify(wanted));
  }
  for (const name of model.objects.keys()) {
    const { state } = await namespace.getObject({ address: { bucket: BUCKET, name }, preconditions: {} });
    assert.equal(state.size, Buffer.byteLength(model.objects.get(name) ?? ''));
  }
}

for (const seed of [1, 2, 3, 4]) {
  test(`a hierarchical bucket lists and holds what plain sets do (seed ${seed})`, async () => {
    const world = await treeWorld(seed);
    for (let round = 0; round < 40; round += 1) {
      for (let step = 0; step < 8; step += 1) await act(world);
      await compare(world);
    }
  });
}

test('a folder that is deleted with all it holds leaves the rest', async () => {
  const world = await treeWorld(9);
  const { namespace, deps } = world;
  for (let index = 0; index < 230; index += 1) await put(world, `a/${index % 3}/${index}`);
  await put(world, 'a.txt');
  const operation = await namespace.deleteFolderRecursive({
    address: { bucket: BUCKET, name: 'a/' },
    preconditions: {},
  });
  await advanceOperationsOnce(deps, OPERATION_WORKERS, new AbortController().signal);
  const ended = await namespace.getOperation({ bucket: BUCKET, id: operation.id });
  assert.equal(ended.outcome?.kind, 'response', JSON.stringify(ended));
  assert.deepEqual(await listAll(world, { bucket: BUCKET, maxResults: 10 }), { items: ['a.txt'], prefixes: [] });
  assert.deepEqual((await namespace.listFolders({ ...EVERY_FOLDER })).folders, []);
});

const EVERY_FOLDER = { bucket: BUCKET, prefix: '', isOneLevel: false, startOffset: '', endOffset: '', maxResults: 100 };

for (const seed of Array.from({ length: 15 }, (_, index) => index)) {
  test(`whatever races with a rename, objects and folders are in one place each (seed ${seed})`, async () => {
    const world = await treeWorld(seed + 50);
    const { namespace } = world;
    await put(world, 'a/b/first');
    const rename = (source: string, destination: string) =>
      tried(namespace.renameFolder({ bucket: BUCKET, source, destination, sourcePreconditions: {} }));
    const remove = (name: string) =>
      tried(namespace.deleteFolder({ address: { bucket: BUCKET, name }, preconditions: {} }));
    const inserted = ['a/b/x', 'a/c/y', 'z/b/w', 'q/v'];
    const work = [
      ...inserted.map((name) => () => put(world, name)),
      ...[() => rename('a/', 'z/'), () => rename('a/b/', 'q/'), () => remove('q/'), () => rename('z/', 'a/')],
    ].toSorted(() => world.random.unit() - 0.5);
    await Promise.all(work.map((run) => run()));
    const { items } = await listAll(world, { bucket: BUCKET, maxResults: 100 });
    const leaves = items.map((name) => name.slice(name.lastIndexOf('/') + 1));
    assert.deepEqual(leaves.toSorted(), ['first', 'v', 'w', 'x', 'y']);
    for (const name of items) await namespace.getObject({ address: { bucket: BUCKET, name }, preconditions: {} });
    const { folders } = await namespace.listFolders(EVERY_FOLDER);
    const names = new Set(folders.map(({ name }) => name));
    assert.equal(new Set(folders.map(({ id }) => id)).size, folders.length, 'no folder is in two places');
    for (const name of [...items, ...names]) {
      for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
        assert.ok(names.has(name.slice(0, at + 1)), name);
      }
    }
  });
}

test('a deletion that dies at any commit is gone on with, a rename is whole or not begun', async () => {
  for (let fault = 0; fault < 14; fault += 1) {
    const world = await treeWorld(70);
    const { namespace, deps } = world;
    for (let index = 0; index < 210; index += 1) await put(world, `a/${index % 2}/${index}`);
    await put(world, 'b/kept');
    const address = { bucket: BUCKET, name: 'a/' };
    const operation = await namespace.deleteFolderRecursive({ address, preconditions: {} });
    let commits = 0;
    const dying = storeWith(deps.metadata, {
      commit: async (transaction) => {
        const isFault = commits === Math.floor(fault / 2);
        commits += 1;
        if (isFault && fault % 2 === 0) throw new Error('died before the commit');
        const outcome = await deps.metadata.commit(transaction);
        if (isFault) throw new Error('died after the commit');
        return outcome;
      },
    });
    const { signal } = new AbortController();
    await tried(advanceOperationsOnce({ ...deps, metadata: dying }, OPERATION_WORKERS, signal));
    await advanceOperationsOnce(deps, OPERATION_WORKERS, signal);
    const { outcome } = await namespace.getOperation({ bucket: BUCKET, id: operation.id });
    assert.equal(outcome?.kind, 'response', `fault ${fault}`);
    assert.deepEqual((await listAll(world, { bucket: BUCKET, maxResults: 100 })).items, ['b/kept']);
    commits = Math.floor(fault / 2);
    const renaming = bindNamespace({ ...deps, metadata: dying });
    await assert.rejects(
      renaming.renameFolder({ bucket: BUCKET, source: 'b/', destination: 'c/', sourcePreconditions: {} }),
    );
    const name = fault % 2 === 0 ? 'b/' : 'c/';
    assert.deepEqual((await listAll(world, { bucket: BUCKET, maxResults: 100 })).items, [`${name}kept`]);
    const { folders } = await namespace.listFolders(EVERY_FOLDER);
    assert.deepEqual(
      folders.map((folder) => folder.name),
      [name],
    );
  }
});

test('what is left of a folder that is renamed while it is deleted stays', async () => {
  const world = await treeWorld(80);
  const { namespace, deps } = world;
  await put(world, 'a/x');
  const operation = await namespace.deleteFolderRecursive({
    address: { bucket: BUCKET, name: 'a/' },
    preconditions: {},
  });
  await namespace.renameFolder({ bucket: BUCKET, source: 'a/', destination: 'b/', sourcePreconditions: {} });
  await put(world, 'a/y');
  await advanceOperationsOnce(deps, OPERATION_WORKERS, new AbortController().signal);
  assert.equal((await namespace.getOperation({ bucket: BUCKET, id: operation.id })).outcome?.kind, 'error');
  assert.deepEqual((await listAll(world, { bucket: BUCKET, maxResults: 9 })).items, ['a/y', 'b/x']);
});

test('a rename is one journal entry, and generations under the new name are not minted again', async () => {
  const world = await treeWorld(81);
  const { namespace, deps } = world;
  for (let index = 0; index < 20; index += 1) await put(world, `a/b/${index}`);
  const { scopeId } = await namespace.getBucket({ name: BUCKET, preconditions: {} });
  const before = await deps.metadata.head(scopeId);
  await namespace.renameFolder({ bucket: BUCKET, source: 'a/', destination: 'z/', sourcePreconditions: {} });
  assert.equal(await deps.metadata.head(scopeId), before + 1n);
  const old = await namespace.getObject({ address: { bucket: BUCKET, name: 'z/b/3' }, preconditions: {} });
  const made = await put(world, 'a/b/3');
  const over = await put(world, 'z/b/3', 'again');
  assert.ok(old.state.generation < made.state.generation && made.state.generation < over.state.generation);
});

test('a bucket that follows a cloud is flat here, and its folders are asked of its owner', async () => {
  const { namespace, deps } = await treeWorld(82);
  const { layout: _layout, ...bucket } = await namespace.getBucket({ name: BUCKET, preconditions: {} });
  const row = { kind: 'put' as const, key: bucketKey(BUCKET), value: encodeBucket({ ...bucket, owner: 'cloud' }) };
  await deps.metadata.commit({ checks: [], writes: [row] });
  await assert.rejects(namespace.listFolders(EVERY_FOLDER), { code: 'unsupported' });
  const address = { bucket: BUCKET, name: 'a/' };
  await assert.rejects(namespace.getFolder({ address, preconditions: {} }), { code: 'unsupported' });
  await assert.rejects(namespace.insertFolder({ address, isRecursive: true }), { code: 'permissionDenied' });
});

test('what arrives while a folder is deleted keeps it, and a folder that was deleted is made anew', async () => {
  for (const name of ['a/x', 'a/b/x', 'a/']) {
    const world = await treeWorld(83);
    const { namespace, deps } = world;
    const address = { bucket: BUCKET, name: 'a/' };
    const first = await namespace.insertFolder({ address, isRecursive: false });
    let isFirst = true;
    const metadata = storeWith(deps.metadata, {
      commit: async (transaction) => {
        if (isFirst) {
          isFirst = false;
          await put(world, name);
        }
        return deps.metadata.commit(transaction);
      },
    });
    const racing = bindNamespace({ ...deps, metadata });
    await assert.rejects(racing.deleteFolder({ address, preconditions: {} }), { code: 'conflict' }, name);
    assert.equal((await namespace.getFolder({ address, preconditions: {} })).id, first.id);
    await namespace.deleteObject({ address: { bucket: BUCKET, name }, preconditions: {} });
    if (name === 'a/b/x') {
      await namespace.deleteFolder({ address: { bucket: BUCKET, name: 'a/b/' }, preconditions: {} });
    }
    const inserting = bindNamespace({
      ...deps,
      metadata: storeWith(deps.metadata, {
        commit: async (transaction) => {
          await tried(namespace.deleteFolder({ address, preconditions: {} }));
          return deps.metadata.commit(transaction);
        },
      }),
    });
    await put({ ...world, namespace: inserting }, name);
    assert.deepEqual((await listAll(world, { bucket: BUCKET, maxResults: 9 })).items, [name]);
    assert.notEqual((await namespace.getFolder({ address, preconditions: {} })).id, first.id);
  }
});
