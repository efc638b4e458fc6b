/** DAMON's tree as files of the model: /sys/kernel/mm/damon. */
import type { ModelDirectory, ModelFile, ModelNode } from '../../state/file-tree.js';
import { blockingWrites, type WaitFor } from './blocking-writes.js';
import type { DamonSystem } from './damon-system.js';
import { type SysfsDirectory, SysfsFile } from './sysfs-tree.js';

/** The nodes of the tree; modes and errno are those of the kernel. */
export class DamonFiles {
  readonly #system: DamonSystem;
  readonly #waitFor: WaitFor;
  /** One node for each file and directory: a reader that keeps a file open must meet the same node again. */
  readonly #nodes = new WeakMap<object, ModelNode>();

  constructor(system: DamonSystem, waitFor: WaitFor) {
    this.#system = system;
    this.#waitFor = waitFor;
  }

  /** The node of /sys/kernel/mm/damon/admin/kdamonds. */
  root(): ModelDirectory {
    return this.#nodeOf(this.#system.tree) as ModelDirectory;
  }

  #nodeOf(entry: SysfsDirectory | SysfsFile): ModelNode {
    const known = this.#nodes.get(entry);
    if (known !== undefined) return known;
    const made = entry instanceof SysfsFile ? this.#fileNode(entry) : this.#directoryNode(entry);
    this.#nodes.set(entry, made);
    return made;
  }

  #directoryNode(directory: SysfsDirectory): ModelDirectory {
    return {
      kind: 'directory',
      mode: 0o755,
      get removed() {
        return directory.removed;
      },
      names: () => (directory.removed ? [] : directory.names()),
      lookup: (name: string) => {
        const entry = directory.removed ? undefined : directory.entry(name);
        return entry === undefined ? undefined : this.#nodeOf(entry);
      },
    } as ModelDirectory;
  }

  #fileNode(file: SysfsFile): ModelFile {
    const reading = {
      kind: 'file',
      mode: file.row.mode,
      get removed() {
        return file.removed;
      },
      read: () => {
        const outcome = this.#system.read(file);
        return outcome.ok ? outcome.value : { errno: outcome.error };
      },
    } as const;
    if (file.row.mode === 0o400) return reading;
    return Object.assign(
      reading,
      blockingWrites((text) => this.#system.write(file, text), this.#waitFor),
    );
  }
}
