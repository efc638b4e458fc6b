/** Node numbers of a mount: which number the kernel was given for which file of the model. */
import type { ModelDirectory, ModelNode } from '../kernel/state/file-tree.js';

/** Number of the mount's root (FUSE_ROOT_ID). */
export const ROOT_NODE = 1;

/** A file that the kernel holds a number of. */
export interface KnownNode {
  readonly id: number;
  readonly parent: number;
  readonly name: string;
  /** The model may make a fresh object for the same file at each look-up; the latest one counts. */
  node: ModelNode;
  /** Look-ups that the kernel has not forgotten. */
  lookups: number;
  /** Permission bits set by chmod, undefined for the file's own. */
  mode: number | undefined;
}

/** Gives numbers, and forgets them when the kernel does. */
export class NodeTable {
  readonly #byId = new Map<number, KnownNode>();
  readonly #byName = new Map<string, KnownNode>();
  #next = ROOT_NODE + 1;

  constructor(root: ModelDirectory) {
    const known = { id: ROOT_NODE, parent: ROOT_NODE, name: '/', node: root, lookups: 1, mode: undefined };
    this.#byId.set(ROOT_NODE, known);
  }

  get size(): number {
    return this.#byId.size;
  }

  find(id: number): KnownNode | undefined {
    return this.#byId.get(id);
  }

  /** Notes a look-up: the same number for the same file, a new one when another file took its name. */
  look(parent: number, name: string, node: ModelNode): KnownNode {
    const key = keyOf(parent, name);
    const known = this.#byName.get(key);
    if (known !== undefined && isSameFile(known.node, node)) {
      known.node = node;
      known.lookups++;
      return known;
    }
    const fresh = { id: this.#next++, parent, name, node, lookups: 1, mode: undefined };
    this.#byId.set(fresh.id, fresh);
    this.#byName.set(key, fresh);
    return fresh;
  }

  forget(id: number, count: number): void {
    const known = this.#byId.get(id);
    if (known === undefined || id === ROOT_NODE) return;
    known.lookups -= count;
    if (known.lookups > 0) return;
    this.#byId.delete(id);
    const key = keyOf(known.parent, known.name);
    if (this.#byName.get(key) === known) this.#byName.delete(key);
  }
}

/** A removed file that comes back under its name is another file. */
function isSameFile(known: ModelNode, found: ModelNode): boolean {
  return known === found || (known.kind === found.kind && !isRemoved(known));
}

/** Nodes whose files can vanish say so. */
export function isRemoved(node: ModelNode): boolean {
  return 'removed' in node && node.removed === true;
}

const keyOf = (parent: number, name: string): string => `${parent}/${name}`;
