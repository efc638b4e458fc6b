/**
 * Random writers on the tree: numbers, keywords and rubbish into random files, commands in any order, processes
 * that come and go. Nothing may throw; every answer is an errno of the table or success.
 */
import { COMMANDS, type Generation } from '../../src/model/kernel/damon/core/generations.js';
import { SysfsDirectory, type SysfsFile } from '../../src/model/kernel/damon/sysfs/sysfs-tree.js';

/** What is fuzzed. */
export interface FuzzTarget {
  readonly tree: SysfsDirectory;
  readonly generation: Generation;
  /** Processes to monitor, and byte ranges of their memory. */
  readonly processes: readonly { readonly pid: number; readonly start: number; readonly end: number }[];
  write(path: string, text: string): string | undefined;
  advance(ms: number): void;
}

export interface FuzzOutcome {
  readonly writes: number;
  readonly commands: number;
  /** Answers by errno name, `done` for success. */
  readonly answers: Map<string, number>;
}

const NUMBERS = [
  '0', '1', '2', '3', '4', '5', '10', '100', '1000', '4096', '8192', '65536', '1000000', '0x1000', '020000',
  '4294967295', '4294967296', '18446744073709551615', '18446744073709551616', '-1', '-5', '99999999999999999999999',
] as const; // biome-ignore format: a table
const WORDS = [
  'stat', 'cold', 'pageout', 'collapse', 'split', 'hugepage', 'migrate_hot', 'vaddr', 'fvaddr', 'paddr', 'anon',
  'memcg', 'addr', 'target', 'young', 'hugepage_size', 'free_mem_rate', 'none', 'user_input', 'some_mem_psi_us',
  'node_mem_used_bp', 'node_eligible_mem_bp', 'consist', 'temporal', 'Y', 'N', 'on', 'off', '', '\n', '\0', '/a/b',
  ' ', 'ü', 'x'.repeat(5000),
] as const; // biome-ignore format: a table

export class Fuzzer {
  readonly #target: FuzzTarget;
  #state: number;
  readonly answers = new Map<string, number>();

  constructor(target: FuzzTarget, seed: number) {
    this.#target = target;
    this.#state = seed >>> 0;
  }

  /** Uniform below `count`. */
  below(count: number): number {
    this.#state = (Math.imul(this.#state ^ (this.#state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return (this.#state >>> 8) % count;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)];
  }

  run(writes: number): FuzzOutcome {
    let commands = 0;
    for (let index = 0; index < writes; index++) {
      if (this.below(12) === 0) {
        commands++;
        this.#command();
      } else this.#writeSomewhere();
      if (this.below(40) === 0) this.#target.advance(this.below(20));
    }
    return { writes, commands, answers: this.answers };
  }

  #writeSomewhere(): void {
    const path = this.#randomPath();
    const text = this.below(2) === 0 ? this.#fittingText(path) : this.randomText();
    this.#note(this.#target.write(path, text));
  }

  #command(): void {
    const kdamonds = Math.min(this.#target.tree.count, 3);
    if (kdamonds === 0) {
      this.#note(this.#target.write('nr_kdamonds', '2'));
      return;
    }
    const path = `${this.below(kdamonds)}/state`;
    if (this.below(5) === 0) this.#makeRunnable(path.split('/')[0]);
    this.#note(this.#target.write(path, this.pick(COMMANDS)));
  }

  /** Now and then a context that can start, so that the running kdamond is fuzzed too. */
  #makeRunnable(kdamond: string): void {
    const context = `${kdamond}/contexts/0`;
    // The tree may be out of memory after large counts.
    if (this.#target.write(`${kdamond}/contexts/nr_contexts`, '1') !== undefined) return;
    this.#target.write(`${context}/operations`, this.pick(['vaddr', 'fvaddr', 'paddr']));
    if (this.#target.write(`${context}/targets/nr_targets`, '1') !== undefined) return;
    const { pid, start, end } = this.pick(this.#target.processes);
    this.#target.write(`${context}/targets/0/pid_target`, String(pid));
    if (this.#target.write(`${context}/targets/0/regions/nr_regions`, '1') !== undefined) return;
    this.#target.write(`${context}/targets/0/regions/0/start`, String(start));
    this.#target.write(`${context}/targets/0/regions/0/end`, String(end));
    if (this.#target.write(`${context}/schemes/nr_schemes`, '1') !== undefined) return;
    const scheme = `${context}/schemes/0`;
    this.#target.write(`${scheme}/action`, this.pick(this.#target.generation.actions));
    for (const name of ['sz', 'nr_accesses', 'age']) {
      this.#target.write(`${scheme}/access_pattern/${name}/max`, '4294967295');
    }
    this.#target.write(`${scheme}/target_order`, this.pick(['0', '2', '4', '8', '9']));
    if (this.below(2) === 0) this.#target.write(`${scheme}/quotas/bytes`, this.pick(NUMBERS));
    this.#note(this.#target.write(`${kdamond}/state`, 'on'));
    this.#target.advance(this.below(400));
  }

  #note(errno: string | undefined): void {
    const name = errno ?? 'done';
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
  }

  /** A path of an existing writable file, by a random walk from the root. */
  #randomPath(): string {
    let node: SysfsDirectory = this.#target.tree;
    const names: string[] = [];
    for (;;) {
      const entries = this.#entriesOf(node);
      const name = this.pick(entries);
      const entry = node.entry(name) as SysfsDirectory | SysfsFile;
      names.push(name);
      if (!(entry instanceof SysfsDirectory)) return names.join('/');
      node = entry;
      if (node.names().length === 0) return 'nr_kdamonds';
    }
  }

  /** Large counts are walked at their start only. */
  #entriesOf(node: SysfsDirectory): string[] {
    const named = [...node.row.files.map((row) => row.name), ...node.row.directories.map((row) => row.name)];
    const numbered = Array.from({ length: Math.min(node.count, 3) }, (_, index) => String(index));
    return [...named, ...numbered].filter((name) => node.entry(name) !== undefined);
  }

  /** Something that the file's own rule takes. */
  #fittingText(path: string): string {
    const { row } = this.#find(path);
    switch (row.kind) {
      case 'bool':
        return this.pick(['Y', 'N', '1', '0']);
      case 'keyword':
        return this.pick(row.keywords(this.#target.generation));
      case 'count':
        return this.pick(['0', '1', '2', '3']);
      case 'command':
        return this.pick(COMMANDS);
      default:
        return this.pick(NUMBERS);
    }
  }

  #find(path: string): SysfsFile {
    let node: SysfsDirectory | SysfsFile | undefined = this.#target.tree;
    for (const name of path.split('/')) node = node instanceof SysfsDirectory ? node.entry(name) : undefined;
    return node as SysfsFile;
  }

  /** A number, a word, or rubbish. */
  randomText(): string {
    const roll = this.below(10);
    if (roll < 5) return this.pick(NUMBERS) + this.pick(['', '\n']);
    if (roll < 8) return this.pick(WORDS);
    return String.fromCharCode(...Array.from({ length: this.below(12) }, () => this.below(256)));
  }
}
