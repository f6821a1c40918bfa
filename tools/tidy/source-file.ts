import { posix } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';

/** One import of any kind, as written. `type` imports vanish when the file runs; the others load the target. */
export interface Import {
  readonly specifier: string;
  readonly kind: 'value' | 'type' | 'dynamic' | 'worker';
  readonly line: number;
  /** The repository path a relative specifier means. */
  readonly target?: string;
}

export interface FunctionShape {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
  readonly parameters: number;
  /** Its statements declare tests: a list of cases, which the file budget bounds instead. */
  readonly isSuite: boolean;
}

/** A piece of syntax that some rule looks at. */
export interface Sighting {
  readonly kind: 'any' | 'nonNull' | 'enum' | 'defaultExport' | 'only' | 'member' | 'bareNew' | 'global' | 'name';
  readonly text: string;
  readonly line: number;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
  readonly functions: readonly FunctionShape[];
  readonly sightings: readonly Sighting[];
  readonly comments: readonly { readonly text: string; readonly line: number }[];
  /** Every top-level statement only passes on what another module exports. */
  readonly isBarrel: boolean;
  /** Where the parser gave up. */
  readonly parseErrors: readonly string[];
}

const TEST_CALLS = new Set(['test', 'it', 'describe', 'suite', 'before', 'after', 'beforeEach', 'afterEach']);

type Program = ReturnType<typeof parseSync>['program'];
type Module = ReturnType<typeof parseSync>['module'];
type LineOf = (offset: number) => number;

export function parseSource(path: string, text: string): SourceFile {
  const { program, module, comments, errors } = parseSync(path, text, { preserveParens: false });
  const lineOf = lineFinder(text);
  const functions: FunctionShape[] = [];
  const sightings: Sighting[] = [];
  const declared = collectFunctions(program, { lineOf, functions });
  collectSightings(program, { lineOf, sightings, declared });
  return {
    path,
    text,
    lines: text.split('\n'),
    imports: collectImports({ path, text, program, module, lineOf }),
    functions,
    sightings,
    comments: comments.map((comment) => ({ text: comment.value, line: lineOf(comment.start) })),
    isBarrel: isBarrel(program),
    parseErrors: errors.map((error) => error.message),
  };
}

function lineFinder(text: string): LineOf {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

interface ImportContext {
  readonly path: string;
  readonly text: string;
  readonly program: Program;
  readonly module: Module;
  readonly lineOf: LineOf;
}

function collectImports({ path, text, program, module, lineOf }: ImportContext): readonly Import[] {
  const imports: Import[] = [];
  const add = (kind: Import['kind'], specifier: string, start: number) => {
    const isRelative = specifier.startsWith('./') || specifier.startsWith('../');
    const target = isRelative ? { target: posix.join(posix.dirname(path), specifier) } : {};
    imports.push({ specifier, kind, line: lineOf(start), ...target });
  };
  for (const { entries, moduleRequest, start } of module.staticImports) {
    const isType =
      entries.length > 0 ? entries.every((entry) => entry.isType) : /^import\s+type\b/.test(text.slice(start));
    add(isType ? 'type' : 'value', moduleRequest.value, start);
  }
  for (const { entries, start } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) {
      if (moduleRequest) add(isType ? 'type' : 'value', moduleRequest.value, start);
    }
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const written = text.slice(moduleRequest.start, moduleRequest.end);
    add('dynamic', /^(['"`]).*\1$/s.test(written) ? written.slice(1, -1) : written, moduleRequest.start);
  }
  new Visitor({
    TSImportType: ({ source, start }) => add('type', source.value, start),
    NewExpression({ callee, arguments: [first, second], start }) {
      const isUrl = callee.type === 'Identifier' && callee.name === 'URL' && second?.type === 'MemberExpression';
      if (isUrl && first?.type === 'Literal' && String(first.value).endsWith('.ts')) {
        add('worker', String(first.value), start);
      }
    },
  }).visit(program);
  return imports;
}

/** Records every function; returns the names declared in the file, which a ban on a global does not concern. */
function collectFunctions(program: Program, into: { lineOf: LineOf; functions: FunctionShape[] }): ReadonlySet<string> {
  const declared = new Set<string>();
  const names = new Map<number, string>();
  const add = (
    node: { readonly start: number; readonly end: number; readonly params: readonly unknown[] },
    body: unknown,
  ) => {
    const line = into.lineOf(node.start);
    into.functions.push({
      name: names.get(node.start) ?? '(anonymous)',
      line,
      lines: into.lineOf(node.end) - line + 1,
      parameters: node.params.length,
      isSuite: declaresTests(body),
    });
  };
  new Visitor({
    MethodDefinition: ({ key, value }) => {
      names.set(value.start, nameOf(key));
    },
    VariableDeclarator: ({ id, init }) => {
      if (id.type !== 'Identifier') return;
      declared.add(id.name);
      if (init) names.set(init.start, id.name);
    },
    FunctionDeclaration: (node) => {
      const name = nameOf(node.id);
      declared.add(name);
      names.set(node.start, name);
      add(node, node.body);
    },
    FunctionExpression: (node) => add(node, node.body),
    ArrowFunctionExpression: (node) => add(node, node.body),
  }).visit(program);
  return declared;
}

function declaresTests(body: unknown): boolean {
  const block = fieldOf(body, 'body');
  return Array.isArray(block) && block.some((statement) => isTestCall(fieldOf(statement, 'expression')));
}

/** `test(…)`, `await t.test(…)`, `describe.skip(…)`. */
function isTestCall(expression: unknown): boolean {
  const call = typeOf(expression) === 'AwaitExpression' ? fieldOf(expression, 'argument') : expression;
  const callee = typeOf(call) === 'CallExpression' ? fieldOf(call, 'callee') : undefined;
  if (typeOf(callee) !== 'MemberExpression') return TEST_CALLS.has(nameOf(callee));
  return TEST_CALLS.has(nameOf(fieldOf(callee, 'object'))) || TEST_CALLS.has(nameOf(fieldOf(callee, 'property')));
}

function fieldOf(node: unknown, field: string): unknown {
  return typeof node === 'object' && node !== null ? Reflect.get(node, field) : undefined;
}

function typeOf(node: unknown): unknown {
  return fieldOf(node, 'type');
}

function nameOf(node: unknown): string {
  const name = fieldOf(node, 'name');
  return typeof name === 'string' ? name : '';
}

interface SightingContext {
  readonly lineOf: LineOf;
  readonly sightings: Sighting[];
  readonly declared: ReadonlySet<string>;
}

function collectSightings(program: Program, { lineOf, sightings, declared }: SightingContext): void {
  const properties = new Set<number>();
  const add = (kind: Sighting['kind'], text: string, start: number) => {
    sightings.push({ kind, text, line: lineOf(start) });
  };
  const isProperty = ({ key, computed }: { readonly key: { readonly start: number }; readonly computed: boolean }) => {
    if (!computed) properties.add(key.start);
  };
  new Visitor({
    TSAnyKeyword: ({ start }) => add('any', 'any', start),
    TSNonNullExpression: ({ start }) => add('nonNull', '!', start),
    TSEnumDeclaration: ({ id, start }) => add('enum', id.name, start),
    ExportDefaultDeclaration: ({ start }) => add('defaultExport', 'default', start),
    MemberExpression({ object, property, computed, start }) {
      if (!computed) properties.add(property.start);
      const right = computed ? String(fieldOf(property, 'value') ?? '') : nameOf(property);
      // `globalThis.process.env` is `process.env`, and `globalThis.setTimeout` is `setTimeout`.
      const left =
        object.type === 'MemberExpression' && nameOf(object.object) === 'globalThis' ? object.property : object;
      if (nameOf(left)) add('member', `${nameOf(left)}.${right}`, start);
      if (nameOf(object) === 'globalThis') add('global', right, start);
      if (right === 'only' && TEST_CALLS.has(nameOf(object))) add('only', `${nameOf(object)}.only`, start);
    },
    VariableDeclarator({ id, init, start }) {
      if (id.type !== 'ObjectPattern' || !nameOf(init)) return;
      for (const part of id.properties) add('member', `${nameOf(init)}.${nameOf(fieldOf(part, 'key'))}`, start);
    },
    MethodDefinition: isProperty,
    PropertyDefinition: isProperty,
    TSPropertySignature: isProperty,
    TSMethodSignature: isProperty,
    Property: (node) => {
      if (!node.shorthand) isProperty(node);
      if (nameOf(node.key) === 'only' && fieldOf(node.value, 'value') === true) add('only', 'only: true', node.start);
    },
    NewExpression({ callee, arguments: list, start }) {
      if (callee.type === 'Identifier' && list.length === 0) add('bareNew', callee.name, start);
    },
    Identifier({ name, start }) {
      add('name', name, start);
      if (!properties.has(start) && !declared.has(name)) add('global', name, start);
    },
  }).visit(program);
}

function isBarrel(program: Program): boolean {
  const passesOn = (node: unknown) =>
    typeOf(node) === 'ExportAllDeclaration' ||
    (typeOf(node) === 'ExportNamedDeclaration' && Boolean(fieldOf(node, 'source')));
  return program.body.length > 0 && program.body.every(passesOn);
}
