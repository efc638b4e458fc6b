/**
 * Sorts samples by process into one hot map each. Samples of different natures are kept in tables of their own: the map
 * of a process is that of the best nature there is, and has the others beside it. What has no place is counted.
 */
import { assert } from '../base/assert.js';
import type { HotMap } from '../vocabulary/hot-map.js';
import { bestNature, NATURE_NAMES, NATURES, type SampleNature } from '../vocabulary/nature.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { SampleBatch, SampleOrigin } from '../vocabulary/sample.js';
import {
  type BlockNumber,
  type Bytes,
  type Fraction,
  MIB,
  type PageGeometry,
  type ProcessId,
} from '../vocabulary/units.js';
import { BlockContent, BuiltHotMap } from './built-hot-map.js';
import { HeatTable, type HotMapDetail } from './heat-loop/heat-table.js';
import { type Draw, OneRate, type Part } from './one-rate.js';
import { TlbMissRows } from './tlb-miss-rows.js';

/** Whose samples are kept, in what detail and memory. */
export interface HotMapsOptions {
  readonly geometry: PageGeometry;
  readonly detail?: HotMapDetail;
  /** Processes to keep; a sample of any other one is counted as `other process`. All when undefined. */
  readonly processes?: readonly ProcessIdentity[];
  /** Rate of the samples when these maps are a part of a whole, which they join by their owner. */
  readonly rate?: OneRate;
  /** Bytes that the counters may take together; beyond them blocks are thinned out. */
  readonly mostBytes?: Bytes;
}

/** With what the rest of a process needs, an import of anything stays within 512 MiB. */
export const DEFAULT_HEAT_BYTES: Bytes = 192 * MIB;

/** Tables that may be full at once: heat, its TLB misses, and heat of another nature. */
const TABLES_AT_ONCE = 2;

/**
 * Natures of which blocks may be called sparse by samples, and what may turn out to be one. Others need no one rate: that a
 * page was seen is certain at any.
 */
const EVENED: ReadonlySet<SampleNature> = new Set(['all-accesses', 'unknown']);

const EARLIER_PROGRAM = 'samples of programs that processes ran before';

interface Kept {
  readonly process: ProcessIdentity;
  readonly content: BlockContent;
}

/** Takes batches of samples and builds a map for each process. */
export class HotMaps implements Part {
  readonly #options: HotMapsOptions;
  readonly #kept = new Map<ProcessId, Kept>();
  readonly #tables = new Map<SampleNature, HeatTable>();
  readonly #walks = new Map<SampleNature, HeatTable>();
  /** Samples of programs that processes ran before. */
  #forgotten = 0;
  readonly #missRows = new TlbMissRows();
  readonly #rate: OneRate;

  constructor(options: HotMapsOptions) {
    this.#options = options;
    this.#rate = options.rate ?? new OneRate();
    if (options.rate === undefined) this.#rate.join(this);
    for (const process of options.processes ?? []) this.#add(process);
  }

  addSamples(all: SampleBatch, nature: SampleNature = 'all-accesses'): void {
    const batch = this.#evened(all, nature);
    this.#tableOf(this.#tables, nature).addSamples(batch);
    if (nature === 'tlb-misses') return;
    const missed = this.#missRows.of(batch);
    if (missed.count > 0) this.#tableOf(this.#walks, nature).addSamples(missed);
  }

  /** Those samples of a batch that count like all others of their nature. */
  #evened(all: SampleBatch, nature: SampleNature): SampleBatch {
    if (!EVENED.has(nature) || this.#options.detail === 'bitmap') return all;
    const { processes } = this.#options;
    const isKept = processes === undefined ? undefined : (pid: number) => this.#kept.has(pid);
    return this.#rate.evened(all, nature, isKept);
  }

  rarefy(nature: SampleNature, share: Fraction, draw: Draw): number {
    const leftOut = this.#tables.get(nature)?.rarefy(share, draw) ?? 0;
    this.#walks.get(nature)?.rarefy(share, draw);
    return leftOut;
  }

  /** Adds what other maps of one rate have, whose processes are added as they are met. */
  absorb(other: HotMaps): void {
    this.#forgotten += other.#forgotten;
    for (const { pid } of other.processes) this.#keep(pid);
    assert(other.#rate === this.#rate, 'maps of different rates cannot be put together');
    for (const [mine, theirs] of [[this.#tables, other.#tables], [this.#walks, other.#walks]] as const) // biome-ignore format: pairs
      for (const [nature, table] of theirs) this.#tableOf(mine, nature).absorb(table);
  }

  /** The process runs another program by now, or its pid is another's: what was sampled of it before is no longer there. */
  forget(pid: ProcessId): void {
    for (const table of this.#tables.values()) this.#forgotten += table.forget(pid);
    for (const table of this.#walks.values()) table.forget(pid);
  }

  /** What was taken for one nature has turned out to be another. */
  relabel(from: SampleNature, to: SampleNature): void {
    this.#rate.relabel(from, to);
    for (const tables of [this.#tables, this.#walks]) {
      const moved = tables.get(from);
      if (moved === undefined || from === to) continue;
      const there = tables.get(to);
      if (there === undefined) tables.set(to, moved);
      else there.absorb(moved);
      tables.delete(from);
    }
  }

  /** Samples of a nature that were left out so that those of all periods count alike. */
  leftOut(nature: SampleNature): number {
    return this.#rate.of(nature)?.leftOut ?? 0;
  }

  /** Share of the accesses of a nature that samples of larger periods stand for beyond what they count. */
  excess(nature: SampleNature): Fraction {
    return this.#rate.of(nature)?.excess ?? 0;
  }

  /** Names a process that was met in samples. */
  name(process: ProcessIdentity): void {
    const kept = this.#kept.get(process.pid);
    if (kept !== undefined) this.#kept.set(process.pid, { ...kept, process });
  }

  /** Processes that samples were met of, and those asked for. */
  get processes(): readonly ProcessIdentity[] {
    return [...this.#kept.values()].map(({ process }) => process);
  }

  addContent(pid: ProcessId, block: BlockNumber, filled: Uint8Array): void {
    this.#keep(pid)?.content.set(block, filled);
  }

  addBlocks(pid: ProcessId, first: BlockNumber, count: number): void {
    const content = this.#keep(pid)?.content;
    for (let block = first; block < first + count; block++) content?.addBlock(block);
  }

  /** Natures of which there is a block with samples, the best first. */
  natures(): readonly SampleNature[] {
    return NATURE_NAMES.filter((nature) => (this.#tables.get(nature)?.size ?? 0) > 0);
  }

  /** 1 of so many blocks was kept, because of the memory they would have taken. */
  get thinnedTo(): number {
    return 2 ** Math.max(0, ...[...this.#tables.values()].map(({ thinned }) => thinned));
  }

  get byteLength(): Bytes {
    const tables = [...this.#tables.values(), ...this.#walks.values()];
    return tables.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Number of samples that are not in the maps of the best nature, by reason. */
  unplaced(): Readonly<Record<string, number>> {
    const best = this.#best();
    const counts: Record<string, number> =
      this.#forgotten === 0 ? {} : { [EARLIER_PROGRAM]: this.#forgotten };
    for (const [nature, table] of this.#tables) {
      for (const [reason, count] of Object.entries(table.unplaced())) {
        counts[reason] = (counts[reason] ?? 0) + count;
      }
      if (nature !== best && table.size > 0) {
        counts[`samples of ${NATURES[nature].says}, kept apart`] = table.placed();
      }
      const leftOut = nature === best ? (this.#rate.of(nature)?.leftOut ?? 0) : 0;
      if (leftOut > 0) counts['left out, so that samples of all periods count alike'] = leftOut;
    }
    return counts;
  }

  /** `without`: processes whose heat must not be used, though their content may. */
  build(origins: readonly SampleOrigin[], without: ReadonlySet<ProcessId> = new Set()): readonly HotMap[] {
    // Maps are made for processes that were met by now.
    const best = this.#best();
    const others = this.natures().filter((nature) => nature !== best);
    const unplaced = this.unplaced();
    return [...this.#kept.values()].map((kept) => {
      const isWithout = without.has(kept.process.pid);
      const view = (nature: SampleNature | undefined, apart: readonly HotMap[]) =>
        this.#view(kept, isWithout ? undefined : nature, origins, { apart, unplaced });
      return view(best, isWithout ? [] : others.map((nature) => view(nature, [])));
    });
  }

  #view(
    { process, content }: Kept,
    nature: SampleNature | undefined,
    origins: readonly SampleOrigin[],
    more: Pick<HotMap, 'apart' | 'unplaced'>,
  ): HotMap {
    return new BuiltHotMap({
      process,
      geometry: this.#options.geometry,
      table: nature === undefined ? undefined : this.#tables.get(nature),
      walks: nature === undefined ? undefined : this.#walks.get(nature),
      content,
      nature,
      origins: origins
        .filter((origin) => origin.tells !== 'heat' || origin.nature === nature)
        .map((origin) => this.#withExcess(origin)),
      ...more,
    });
  }

  #withExcess(origin: SampleOrigin): SampleOrigin {
    const excess = origin.tells === 'heat' ? this.excess(origin.nature) : 0;
    return excess === 0 ? origin : { ...origin, unseenShare: 1 - (1 - origin.unseenShare) * (1 - excess) };
  }

  /** Of what has samples; else of what was read without any. */
  #best(): SampleNature | undefined {
    return bestNature(this.natures()) ?? bestNature(this.#tables.keys());
  }

  #tableOf(tables: Map<SampleNature, HeatTable>, nature: SampleNature): HeatTable {
    const found = tables.get(nature);
    if (found !== undefined) return found;
    const { geometry, detail = 'counts', mostBytes } = this.#options;
    const made = new HeatTable(
      geometry,
      detail,
      (pid) => this.#keep(pid) !== undefined,
      mostBytes === undefined ? undefined : mostBytes / TABLES_AT_ONCE,
    );
    tables.set(nature, made);
    return made;
  }

  #keep(pid: ProcessId): Kept | undefined {
    const found = this.#kept.get(pid);
    if (found !== undefined || this.#options.processes) return found;
    return this.#add({ pid, startTicks: 0, command: '', cgroup: '/' });
  }

  #add(process: ProcessIdentity): Kept {
    const kept = { process, content: new BlockContent() };
    this.#kept.set(process.pid, kept);
    return kept;
  }
}
