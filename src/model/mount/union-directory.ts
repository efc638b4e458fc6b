/**
 * A directory of the model that also shows what the machine has: the model's entries come first, every other name
 * is a symbolic link to the machine's own. It lets a tool see the model's processes in /proc and still find itself.
 */
import type { ModelDirectory, ModelNode } from '../kernel/state/file-tree.js';

/** A directory of the machine, as far as names go. */
export interface MachineDirectory {
  names(): readonly string[];
  has(name: string): boolean;
  /** The directory of that name, undefined when it is none. */
  enter(name: string): MachineDirectory | undefined;
}

/** Which side a name is taken from. */
export interface UnionOptions {
  /** A path at which the machine's directory can still be reached. */
  readonly behind: string;
  /** Names that are the machine's although the model has them too. */
  readonly machineFirst?: ReadonlySet<string>;
  /** The machine's entries that stay hidden. */
  readonly hides?: (name: string) => boolean;
  /** What stands in place of both. */
  readonly instead?: ReadonlyMap<string, ModelNode>;
}

/** The model's directory with links to what only the machine has. */
export class UnionDirectory implements ModelDirectory {
  readonly kind = 'directory';
  readonly mode = 0o555;
  readonly #model: ModelDirectory;
  readonly #machine: MachineDirectory;
  readonly #options: UnionOptions;

  constructor(model: ModelDirectory, machine: MachineDirectory, options: UnionOptions) {
    this.#model = model;
    this.#machine = machine;
    this.#options = options;
  }

  names(): readonly string[] {
    const shown = this.#machine.names().filter((name) => !this.#isHidden(name));
    return [...new Set([...this.#model.names(), ...shown])];
  }

  lookup(name: string): ModelNode | undefined {
    const instead = this.#options.instead?.get(name);
    if (instead !== undefined) return instead;
    const { behind, machineFirst } = this.#options;
    const isMachines = machineFirst?.has(name) === true && this.#machine.has(name);
    const own = isMachines ? undefined : this.#model.lookup(name);
    if (own?.kind === 'directory') return this.#joined(own, name);
    if (own !== undefined) return own;
    return this.#machine.has(name) && !this.#isHidden(name)
      ? { kind: 'symlink', target: `${behind}/${name}` }
      : undefined;
  }

  #isHidden(name: string): boolean {
    return this.#options.hides?.(name) === true;
  }

  /** Directories that both have are joined in turn. */
  #joined(own: ModelDirectory, name: string): ModelDirectory {
    const machine = this.#machine.enter(name);
    const behind = `${this.#options.behind}/${name}`;
    return machine === undefined ? own : new UnionDirectory(own, machine, { behind });
  }
}
