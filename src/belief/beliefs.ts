/** What is believed of the memory of all processes, within one bound of bytes. Pure: time and maps come in. */
import type { HotMap } from '../vocabulary/hot-map.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import { type Bytes, MIB, type PageGeometry } from '../vocabulary/units.js';
import { BlockCounts } from './block-counts.js';
import { type Memory, USUAL_MEMORY } from './memory.js';
import { ProcessBelief, type TurnTime } from './process-belief.js';

/** Room for the counts of 112 GiB in use with 4 KiB pages. */
export const DEFAULT_BELIEF_BYTES: Bytes = 64 * MIB;
/** Bitmaps may take so much of the bound besides. */
const FOR_BITMAPS = 1 / 8;

/** Geometry of the pages, the bound of memory, and how fast is forgotten. */
export interface BeliefOptions {
  readonly geometry: PageGeometry;
  readonly mostBytes?: Bytes;
  readonly memory?: Memory;
}

/** Beliefs by process. Near the bound a new block has a bitmap in place of counts, beyond it nothing. */
export class Beliefs {
  readonly geometry: PageGeometry;
  readonly memory: Memory;
  readonly mostBytes: Bytes;
  readonly #processes = new Map<string, ProcessBelief>();

  constructor({ geometry, mostBytes = DEFAULT_BELIEF_BYTES, memory = USUAL_MEMORY }: BeliefOptions) {
    this.geometry = geometry;
    this.mostBytes = mostBytes;
    this.memory = memory;
  }

  get processes(): readonly ProcessBelief[] {
    return [...this.#processes.values()];
  }

  get byteLength(): Bytes {
    return this.processes.reduce((sum, { counts }) => sum + counts.byteLength, 0);
  }

  of(process: ProcessIdentity): ProcessBelief | undefined {
    return this.#processes.get(keyOf(process));
  }

  /** The belief of a process, begun where there is none. */
  begin(process: ProcessIdentity): ProcessBelief {
    const found = this.of(process);
    if (found !== undefined) return found;
    const made = new ProcessBelief(process, this.geometry, this.memory, (bytes) => this.#mayGrow(bytes));
    this.#processes.set(keyOf(process), made);
    return made;
  }

  /** Takes what was learned of a process elsewhere, in the place of what is known here. */
  adopt(belief: ProcessBelief): void {
    this.#processes.set(keyOf(belief.process), belief);
  }

  learn(process: ProcessIdentity, heat: HotMap | undefined, time: TurnTime): ProcessBelief {
    const belief = this.begin(process);
    belief.learn(heat, time);
    return belief;
  }

  /** Forgets processes that are not among the living. */
  keepOnly(isAlive: (process: ProcessIdentity) => boolean): void {
    for (const [key, { process }] of this.#processes) if (!isAlive(process)) this.#processes.delete(key);
  }

  /** What was given up to stay within the bound, as sentences. */
  notes(): readonly string[] {
    const notes: string[] = [];
    const bitmaps = this.processes.reduce((sum, { counts }) => sum + counts.bitmaps.size, 0);
    const untracked = this.processes.reduce((sum, { counts }) => sum + counts.untracked, 0);
    const bound = `${Math.round(this.mostBytes / MIB)} MiB for beliefs`;
    if (bitmaps > 0)
      notes.push(`Of ${bitmaps} blocks only which sub-pages were seen is kept, to stay within ${bound}.`);
    if (untracked > 0) notes.push(`Of some blocks nothing is kept, to stay within ${bound}.`);
    return notes;
  }

  #mayGrow(bytes: Bytes): boolean {
    const isBitmap = bytes <= BlockCounts.bitmapBytes(this.geometry.pagesPerBlock);
    const bound = isBitmap ? this.mostBytes : this.mostBytes * (1 - FOR_BITMAPS);
    return this.byteLength + bytes <= bound;
  }
}

function keyOf({ pid, startTicks }: ProcessIdentity): string {
  return `${pid}/${startTicks}`;
}
