/** A configuration file as a tree of values that still know where they stand, so that whatever is wrong can be pointed at. */
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import { parseYaml } from '../../formats/yaml.js';

/** Where something is written. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Any node of a parsed file. */
export type Tree = Branch | List | Leaf;

/** A plain value: text, number, boolean or null. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly at: Place;
  readonly value: unknown;
}

/** A mapping of keys to nodes, in the order of the file. */
export interface Branch {
  readonly kind: 'branch';
  readonly at: Place;
  readonly entries: ReadonlyMap<string, Tree>;
}

/** A sequence of nodes. */
export interface List {
  readonly kind: 'list';
  readonly at: Place;
  readonly items: readonly Tree[];
}

/** Something wrong in a file. */
export interface Problem extends Place {
  /** `targets.0.budgets.lockShare`; empty for the file as a whole. */
  readonly key: string;
  readonly problem: string;
}

/** The tree of a file, or why its YAML cannot be read. */
export type ReadTree =
  | { readonly ok: true; readonly tree: Branch }
  | { readonly ok: false; readonly problem: Problem };

/** Parses a file. An empty one is an empty set of keys. */
export function readTree(text: string, file: string): ReadTree {
  const yaml = parseYaml(text);
  if (!yaml.ok) return { ok: false, problem: { file, key: '', ...yaml.error } };
  const { document, lines } = yaml.value;
  const reader = new TreeReader(document, lines, file);
  const tree = reader.read(document.contents, { file, line: 1, column: 1 });
  if (tree.kind === 'leaf' && tree.value === null)
    return { ok: true, tree: { kind: 'branch', at: tree.at, entries: new Map() } };
  if (tree.kind === 'branch') return { ok: true, tree };
  return { ok: false, problem: { ...tree.at, key: '', problem: 'must be a set of keys' } };
}

class TreeReader {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #file: string;

  constructor(document: Document.Parsed, lines: LineCounter, file: string) {
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
  }

  /** `at`: where the key stands that holds this value. */
  read(node: unknown, at: Place): Tree {
    if (isAlias(node)) return this.read(node.resolve(this.#document), at);
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }): [string, Tree] => [
        isScalar(key) ? String(key.value) : String(key),
        this.read(value, this.#placeOf(key, at)),
      ]);
      return { kind: 'branch', at, entries: new Map(entries) };
    }
    if (isSeq(node))
      return { kind: 'list', at, items: node.items.map((item) => this.read(item, this.#placeOf(item, at))) };
    return { kind: 'leaf', at, value: isScalar(node) ? node.value : null };
  }

  #placeOf(node: unknown, fallback: Place): Place {
    const start = (node as Node | null)?.range?.[0];
    if (start === undefined) return fallback;
    const { line, col } = this.#lines.linePos(start);
    return { file: this.#file, line, column: col };
  }
}

/** A tree as plain data. */
export function plainOf(tree: Tree): unknown {
  if (tree.kind === 'leaf') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plainOf);
  return Object.fromEntries([...tree.entries].map(([key, value]) => [key, plainOf(value)]));
}

/** Lists whose entries are named, and where those of a later file go: in front, since the first that matches counts. */
const NAMED_LISTS: ReadonlySet<string> = new Set(['targets']);

/**
 * A file and a drop-in over it: keys are replaced one by one, lists grow. An entry of `targets` with a name that is there
 * already changes that entry; others come before all that was there.
 */
export function overlaid(below: Branch, above: Branch): Branch {
  const entries = new Map(below.entries);
  for (const [key, value] of above.entries) {
    const old = entries.get(key);
    entries.set(key, old === undefined ? value : combined(key, old, value));
  }
  return { ...below, entries };
}

function combined(key: string, below: Tree, above: Tree): Tree {
  if (below.kind === 'branch' && above.kind === 'branch') return overlaid(below, above);
  if (below.kind !== 'list' || above.kind !== 'list') return above;
  if (!NAMED_LISTS.has(key)) return { ...above, items: [...below.items, ...above.items] };
  const changed = below.items.map((item) => {
    const change = above.items.find((one) => nameOf(one) !== undefined && nameOf(one) === nameOf(item));
    return change?.kind === 'branch' && item.kind === 'branch' ? overlaid(item, change) : item;
  });
  const known = new Set(below.items.map(nameOf));
  const fresh = above.items.filter((item) => nameOf(item) === undefined || !known.has(nameOf(item)));
  return { ...below, items: [...fresh, ...changed] };
}

function nameOf(tree: Tree): string | undefined {
  const name = tree.kind === 'branch' ? tree.entries.get('name') : undefined;
  return name?.kind === 'leaf' && typeof name.value === 'string' ? name.value : undefined;
}
