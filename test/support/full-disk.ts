import type { FileLayer, LayerFile } from '../../src/stores/blobs/files/file-layer.ts';

/**
 * A disk that is full once its files hold `capacityBytes`: the write that would go beyond fails with ENOSPC after
 * writing what fits, as a real one does. Truncating and unlinking give space back.
 */
export function fullAfter(layer: FileLayer, capacityBytes: number): FileLayer {
  const sizes = new Map<string, number>();
  const used = () => [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const names = new Map<object, { path: string }>();

  const limit = (file: LayerFile, node: { path: string }): LayerFile => ({
    async write(pieces, position) {
      const end = position + pieces.reduce((sum, piece) => sum + piece.length, 0);
      const size = sizes.get(node.path) ?? 0;
      const growth = Math.max(0, end - size);
      if (used() + growth > capacityBytes) {
        const fits = Buffer.concat(pieces).subarray(0, Math.max(0, capacityBytes - used() + size - position));
        await file.write([fits], position);
        sizes.set(node.path, Math.max(size, position + fits.length));
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28 });
      }
      await file.write(pieces, position);
      sizes.set(node.path, Math.max(size, end));
    },
    read: (targets, position) => file.read(targets, position),
    sync: () => file.sync(),
    async truncate(sizeBytes) {
      await file.truncate(sizeBytes);
      sizes.set(node.path, sizeBytes);
    },
    stat: () => file.stat(),
    tryLock: () => file.tryLock(),
    unlock: () => file.unlock(),
    close: () => file.close(),
  });

  return {
    async open(path, mode) {
      const file = await layer.open(path, mode);
      const node = { path };
      names.set(node, node);
      return limit(file, node);
    },
    async rename(from, to) {
      await layer.rename(from, to);
      sizes.set(to, sizes.get(from) ?? 0);
      sizes.delete(from);
      for (const node of names.values()) if (node.path === from) node.path = to;
    },
    async unlink(path) {
      await layer.unlink(path);
      sizes.delete(path);
    },
    exists: (path) => layer.exists(path),
    makeFolder: (path) => layer.makeFolder(path),
    syncFolder: (path) => layer.syncFolder(path),
    list: (path) => layer.list(path),
    freeShare: async () => Math.max(0, 1 - used() / capacityBytes),
    close: () => layer.close(),
  };
}
