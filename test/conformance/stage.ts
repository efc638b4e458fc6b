/**
 * What a scenario stands on: a kernel behind the host door, and a process with memory to act on. The lab's guest
 * and the model kernel each bring one stage; scenarios cannot tell them apart.
 */
import type { Host } from '../../src/host/host.js';
import type { BlockNumber, PageRange, Pages, ProcessId } from '../../src/vocabulary/units.js';

export type Backing = 'anon' | 'shmem' | 'memfd';

/** A process of the stage's own. Its mappings are aligned to huge blocks and never merge with a neighbour. */
export interface Workload {
  readonly pid: ProcessId;
  /** Maps so many whole huge blocks, readable and writable, untouched. shmem comes from a tmpfs that allows THPs, memfd obeys shmem_enabled. */
  map(blocks: number, backing: Backing): Promise<PageRange>;
  /** Writes a word into every `every`-th page of the range; its value follows from the page number. */
  touch(range: PageRange, every: Pages): Promise<void>;
  /** Hash of what the range's pages hold. */
  checksum(range: PageRange): Promise<string>;
  /** From now on reads every `every`-th page of these ranges over and over, until the next call or `rest`. */
  keepReading(ranges: readonly { readonly range: PageRange; readonly every: Pages }[]): Promise<void>;
  rest(): Promise<void>;
  end(): Promise<void>;
}

/** A command that is interrupted: what it must have printed, and what to do before the signal. */
export interface CommandInterruption {
  readonly printed: RegExp;
  before(): Promise<void>;
}

/** How a command of Octavo's ended. */
export interface CommandRun {
  /** Its exit code, or the name of the signal that ended it. */
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

export interface Stage {
  readonly host: Host;
  /** Column of test/conformance/differences.ts. */
  readonly kernel: string;
  startWorkload(): Promise<Workload>;
  /** Runs `octavo WORDS…`. With `until`, waits for that text on standard output, calls it, and sends SIGTERM. */
  octavo(words: readonly string[], until?: CommandInterruption): Promise<CommandRun>;
  /**
   * Lets another Octavo take a DAMON slot, run a scheme on these blocks, and die by SIGKILL while it runs. `share`:
   * of a tree that another tool has set up.
   */
  killOctavoHoldingDamon(pid: ProcessId, blocks: readonly BlockNumber[], share: boolean): Promise<void>;
  /** A figure or sentence worth keeping beside the rows; not compared. */
  note(text: string): void;
}
