import type { KeyRange, Row } from '../port.ts';
import { compareKeys } from '../transaction.ts';

/**
 * A treap whose nodes never change: each write copies the path to the root, so a root kept aside is a snapshot.
 * Balanced by priorities that a node draws when it is made; expected depth is logarithmic.
 */
export interface RowNode {
  readonly row: Row;
  readonly priority: number;
  readonly left: RowNode | undefined;
  readonly right: RowNode | undefined;
}

export function findRow(root: RowNode | undefined, key: Uint8Array): Row | undefined {
  let node = root;
  while (node !== undefined) {
    const order = compareKeys(key, node.row.key);
    if (order === 0) return node.row;
    node = order < 0 ? node.left : node.right;
  }
  return undefined;
}

export function putRow(root: RowNode | undefined, row: Row, priority: number): RowNode {
  if (root === undefined) return { row, priority, left: undefined, right: undefined };
  const order = compareKeys(row.key, root.row.key);
  if (order === 0) return { ...root, row };
  if (order < 0) {
    const left = putRow(root.left, row, priority);
    if (left.priority <= root.priority) return { ...root, left };
    return { ...left, right: { ...root, left: left.right } };
  }
  const right = putRow(root.right, row, priority);
  if (right.priority <= root.priority) return { ...root, right };
  return { ...right, left: { ...root, right: right.left } };
}

export function removeRow(root: RowNode | undefined, key: Uint8Array): RowNode | undefined {
  if (root === undefined) return undefined;
  const order = compareKeys(key, root.row.key);
  if (order === 0) return merge(root.left, root.right);
  if (order < 0) {
    const left = removeRow(root.left, key);
    return left === root.left ? root : { ...root, left };
  }
  const right = removeRow(root.right, key);
  return right === root.right ? root : { ...root, right };
}

/** Joins two trees; every key of `left` is below every key of `right`. */
function merge(left: RowNode | undefined, right: RowNode | undefined): RowNode | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  if (left.priority > right.priority) return { ...left, right: merge(left.right, right) };
  return { ...right, left: merge(left, right.left) };
}

/** Rows of `range`, in order, from either end. */
export function* walkRows(root: RowNode | undefined, range: KeyRange, reverse: boolean): Generator<Row> {
  const pending: RowNode[] = [];
  let node = root;
  for (;;) {
    while (node !== undefined) {
      const outside = reverse ? compareKeys(node.row.key, range.end) >= 0 : compareKeys(node.row.key, range.start) < 0;
      if (outside) {
        node = reverse ? node.left : node.right;
      } else {
        pending.push(node);
        node = reverse ? node.right : node.left;
      }
    }
    const next = pending.pop();
    if (next === undefined) return;
    const { key } = next.row;
    if (reverse ? compareKeys(key, range.start) < 0 : compareKeys(key, range.end) >= 0) return;
    yield next.row;
    node = reverse ? next.left : next.right;
  }
}
