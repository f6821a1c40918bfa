import { decodeSegment } from './target.ts';

export type Params = Readonly<Record<string, string>>;

export type RouteMatch<Value> =
  | { readonly kind: 'found'; readonly value: Value; readonly params: Params }
  | { readonly kind: 'methodNotAllowed'; readonly allowed: readonly string[] }
  | { readonly kind: 'notFound' };

interface Node<Value> {
  readonly literals: Map<string, Node<Value>>;
  capture?: Node<Value>;
  readonly routes: Map<string, { readonly names: readonly string[]; readonly value: Value }>;
}

/**
 * Finds a route by method and raw path segments. A pattern is written `/b/:bucket/o/:object`: a capture takes exactly
 * one segment, not an empty one, whatever it decodes to. A literal wins over a capture where both lead to the method.
 */
export class Router<Value> {
  readonly #root: Node<Value> = emptyNode();

  add(method: string, pattern: string, value: Value): void {
    const names: string[] = [];
    let node = this.#root;
    for (const part of pattern.slice(1).split('/')) {
      if (part.startsWith(':')) {
        names.push(part.slice(1));
        node.capture ??= emptyNode();
        node = node.capture;
      } else {
        const next = node.literals.get(part) ?? emptyNode<Value>();
        node.literals.set(part, next);
        node = next;
      }
    }
    if (node.routes.has(method)) throw new Error(`two routes for ${method} ${pattern}`);
    node.routes.set(method, { names, value });
  }

  match(method: string, segments: readonly string[]): RouteMatch<Value> {
    const allowed = new Set<string>();
    const captured: string[] = [];
    const search = (node: Node<Value>, depth: number): RouteMatch<Value> | undefined => {
      const segment = segments[depth];
      if (segment === undefined) {
        const route = node.routes.get(method);
        if (route !== undefined) return { kind: 'found', value: route.value, params: bind(route.names, captured) };
        for (const other of node.routes.keys()) allowed.add(other);
        return undefined;
      }
      const literal = node.literals.get(segment);
      const found = literal === undefined ? undefined : search(literal, depth + 1);
      if (found !== undefined || node.capture === undefined || segment === '') return found;
      captured.push(segment);
      const below = search(node.capture, depth + 1);
      captured.pop();
      return below;
    };
    const found = search(this.#root, 0);
    if (found !== undefined) return found;
    return allowed.size > 0 ? { kind: 'methodNotAllowed', allowed: [...allowed] } : { kind: 'notFound' };
  }
}

function emptyNode<Value>(): Node<Value> {
  return { literals: new Map(), routes: new Map() };
}

function bind(names: readonly string[], captured: readonly string[]): Params {
  const params: Record<string, string> = {};
  for (const [index, name] of names.entries()) params[name] = decodeSegment(captured[index] ?? '');
  return params;
}
