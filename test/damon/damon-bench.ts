/** DAMON over a drawn memory, poked through its files as a controller would. */
import type { Context } from '../../src/model/kernel/damon/core/context.js';
import { GENERATIONS, type GenerationName } from '../../src/model/kernel/damon/core/generations.js';
import type { DamonEvent } from '../../src/model/kernel/damon/core/trace.js';
import { DamonSystem, isPending } from '../../src/model/kernel/damon/sysfs/damon-system.js';
import { SysfsDirectory, SysfsFile } from '../../src/model/kernel/damon/sysfs/sysfs-tree.js';
import { DrawnMemory } from './drawn-memory.js';

export class DamonBench {
  readonly memory = new DrawnMemory();
  readonly system: DamonSystem;
  readonly events: DamonEvent[] = [];
  #nextPid = 229;

  constructor(generation: GenerationName = '7.3') {
    this.system = new DamonSystem({
      generation: GENERATIONS[generation],
      memory: this.memory,
      trace: { isEnabled: () => true, record: (event) => this.events.push(event) },
      startThread: () => this.#nextPid++,
      endThread: () => {},
      wakeUp: () => {},
    });
  }

  /** Runs for so many milliseconds of virtual time. */
  advance(ms: number): void {
    const until = this.memory.ns + ms * 1e6;
    while (this.system.nextWake() <= until) this.#step();
    this.memory.ns = until;
  }

  /** Writes; answers the errno name, or undefined when all was taken. Waits for blocking commands. */
  write(path: string, text: string): string | undefined {
    const outcome = this.system.write(this.file(path), text);
    if (!isPending(outcome)) return outcome.ok ? undefined : outcome.error;
    while (outcome.answer === undefined) this.#step();
    return outcome.answer.ok ? undefined : outcome.answer.error;
  }

  /** Several writes below one directory; each must succeed. */
  set(below: string, values: Record<string, string | number>): void {
    for (const [name, value] of Object.entries(values)) {
      const errno = this.write(`${below}/${name}`, String(value));
      if (errno !== undefined) throw new Error(`${below}/${name} = ${value}: ${errno}`);
    }
  }

  read(path: string): string {
    const outcome = this.system.read(this.file(path));
    if (!outcome.ok) throw new Error(`${path}: ${outcome.error}`);
    return outcome.value.replace(/\n$/, '');
  }

  number(path: string): number {
    return Number(this.read(path));
  }

  find(path: string): SysfsDirectory | SysfsFile | undefined {
    let node: SysfsDirectory | SysfsFile | undefined = this.system.tree;
    for (const name of path.split('/')) {
      node = node instanceof SysfsDirectory ? node.entry(name) : undefined;
    }
    return node;
  }

  file(path: string): SysfsFile {
    const found = this.find(path);
    if (!(found instanceof SysfsFile)) throw new Error(`no file ${path}`);
    return found;
  }

  /** The context of a kdamond that was started. */
  context(kdamond = 0): Context {
    const running = this.system.kdamondOf(kdamond);
    if (running === undefined) throw new Error(`kdamond ${kdamond} was never started`);
    return running.context;
  }

  /** One kdamond, one context, one target. Answers the context's path. */
  prepare(pid: number | undefined, operations = 'vaddr'): string {
    this.write('nr_kdamonds', '1');
    this.write('0/contexts/nr_contexts', '1');
    const context = '0/contexts/0';
    this.write(`${context}/operations`, operations);
    this.write(`${context}/targets/nr_targets`, '1');
    if (pid !== undefined) this.write(`${context}/targets/0/pid_target`, String(pid));
    return context;
  }

  /** A scheme that matches everything. Answers its path. */
  addScheme(context: string, action: string, count = 1): string {
    this.write(`${context}/schemes/nr_schemes`, String(count));
    for (let index = 0; index < count; index++) this.matchAll(`${context}/schemes/${index}`);
    this.write(`${context}/schemes/0/action`, action);
    return `${context}/schemes/0`;
  }

  matchAll(scheme: string): void {
    this.set(`${scheme}/access_pattern`, {
      'sz/max': '18446744073709551615',
      'nr_accesses/max': '4294967295',
      'age/max': '4294967295',
    });
  }

  #step(): void {
    const next = this.system.nextWake();
    if (next === Number.POSITIVE_INFINITY) throw new Error('nothing will ever run');
    this.memory.ns = Math.max(this.memory.ns, next);
    this.system.run(this.memory.ns);
  }
}

/** Regions as [start page, end page, accesses, age], for comparison with a drawing. */
export function regionRows(context: Context, target = 0): number[][] {
  const { regions } = context.targets[target];
  return Array.from({ length: regions.count }, (_, index) => [
    regions.start[index] / 4096,
    regions.end[index] / 4096,
    regions.accesses[index],
    regions.age[index],
  ]);
}
