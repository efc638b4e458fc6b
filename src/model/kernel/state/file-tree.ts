import type { ErrnoName } from '../../../vocabulary/errno.js';

/** The result of a write to the model's kernel: the errno name when it fails, undefined when all was taken. */
export type WriteAnswer = ErrnoName | undefined;

/**
 * A file of the model's kernel. Without `read` reading fails, without `write` writing fails, with the errno the
 * kernel gives for a file of that kind (`refusal`).
 */
export interface ModelFile {
  readonly kind: 'file';
  /** Permission bits as in the recordings: 0o644. */
  readonly mode: number;
  /** Whole content at this instant, or the errno name of a failing read. */
  read?(): string | { readonly errno: ErrnoName };
  /**
   * For binary files read at positions (pagemap, kpageflags): fills `into`, returns the bytes read (0 at the end)
   * or an errno name.
   */
  readAt?(into: Uint8Array, position: number): number | ErrnoName;
  /** For streams (trace_pipe): takes at most so many bytes of what has come; '' when there is nothing yet. */
  take?(most: number): string;
  /** Opened with O_TRUNC; without it truncating does nothing. */
  truncate?(): void;
  /** One write(2) of the whole text. */
  write?(text: string): WriteAnswer;
  /** Why an open fails before anything is read or written: lockdown, missing capability. */
  refuseOpen?(): ErrnoName | undefined;
}

/** A symbolic link. */
export interface ModelLink {
  readonly kind: 'symlink';
  readonly target: string;
}

/** A directory whose entries may come and go (/proc, DAMON's nr_* files). */
export interface ModelDirectory {
  readonly kind: 'directory';
  readonly mode: number;
  names(): readonly string[];
  lookup(name: string): ModelNode | undefined;
}

/** Anything in the model's file tree. */
export type ModelNode = ModelFile | ModelDirectory | ModelLink;

/** A directory made of a fixed set of entries, to which more can be added. */
export class StaticDirectory implements ModelDirectory {
  readonly kind = 'directory';
  readonly mode: number;
  readonly #entries = new Map<string, ModelNode>();

  constructor(mode = 0o755) {
    this.mode = mode;
  }

  names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  lookup(name: string): ModelNode | undefined {
    return this.#entries.get(name);
  }

  set(name: string, node: ModelNode): void {
    this.#entries.set(name, node);
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }
}

/**
 * The files of the model, from the root. Parts of the kernel add their own: `mount('/sys/kernel/mm/damon/admin',
 * directory)` for a subtree, `add(path, file)` for one file; missing directories in between are made.
 */
export class FileTree {
  readonly root = new StaticDirectory();

  add(path: string, file: ModelFile | ModelLink): void {
    this.mount(path, file);
  }

  mount(path: string, node: ModelNode): void {
    const names = partsOf(path);
    const last = names.pop();
    if (last === undefined) throw new Error('assertion failed: the root itself cannot be mounted');
    let directory = this.root;
    for (const name of names) directory = this.enter(directory, name);
    directory.set(last, node);
  }

  /** The node at `path`, or why there is none. Symbolic links are followed except a last one. */
  find(path: string, depth = 0): ModelNode | ErrnoName {
    if (depth > 8) return 'ELOOP';
    const names = partsOf(path);
    let node: ModelNode = this.root;
    for (let i = 0; i < names.length; i++) {
      if (node.kind === 'file') return 'ENOTDIR';
      if (node.kind === 'symlink') return this.find([node.target, ...names.slice(i)].join('/'), depth + 1);
      const next = node.lookup(names[i]);
      if (next === undefined) return 'ENOENT';
      node = next;
    }
    return node;
  }

  private enter(directory: StaticDirectory, name: string): StaticDirectory {
    const found = directory.lookup(name);
    if (found instanceof StaticDirectory) return found;
    if (found !== undefined) throw new Error(`assertion failed: ${name} is no directory to mount in`);
    const made = new StaticDirectory();
    directory.set(name, made);
    return made;
  }
}

/** Names along a path; `.` is dropped and `..` goes up. */
export function partsOf(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names;
}
