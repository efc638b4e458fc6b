/**
 * A directory of the model that also shows what the machine has: the model's entries come first, every other name
 * is a symbolic link to the machine's own. It lets a tool see the model's processes in /proc and still find itself.
 */
import type { ModelDirectory, ModelNode } from '../kernel/files/tree.js';

export interface MachineDirectory {
  names(): readonly string[];
  has(name: string): boolean;
}

export class UnionDirectory implements ModelDirectory {
  readonly kind = 'directory';
  readonly mode = 0o555;
  private readonly model: ModelDirectory;
  private readonly machine: MachineDirectory;
  private readonly behind: string;

  /** `behind` is a path at which the machine's directory can still be reached. */
  constructor(model: ModelDirectory, machine: MachineDirectory, behind: string) {
    this.model = model;
    this.machine = machine;
    this.behind = behind;
  }

  names(): readonly string[] {
    return [...new Set([...this.model.names(), ...this.machine.names()])];
  }

  lookup(name: string): ModelNode | undefined {
    const own = this.model.lookup(name);
    if (own !== undefined) return own;
    return this.machine.has(name) ? { kind: 'symlink', target: `${this.behind}/${name}` } : undefined;
  }
}
