/** What is believed of one process's memory, and how it is learned from hot maps. */
import { whyNot } from '../hotness/conclusions.js';
import type { HotMap } from '../vocabulary/hot-map.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { BlockNumber, Bytes, Fraction, Milliseconds, PageGeometry, Pages } from '../vocabulary/units.js';
import { BlockCounts, GROUP_PAGES } from './block-counts.js';
import { type Ledger, NEW_LEDGER } from './ledger.js';
import { leftAfter, leftOfWindow, type Memory } from './memory.js';

/** Seconds of a turn: since the one before, and those in which samples were taken. */
export interface TurnTime {
  readonly elapsedSeconds: number;
  readonly windowSeconds: number;
  readonly atMs: Milliseconds;
}

/** What the counts of a process stand for: seconds in which an access was a sample for certain, less what was forgotten. */
export interface Exposure {
  long: number;
  short: number;
}

/** What is believed of a block. `counts` of the sub-pages are written to where the caller wants them. */
export interface BlockBelief {
  /** Sum of the counts. */
  readonly total: number;
  /** What they stand for: a rate is count / exposure accesses a second. */
  readonly exposure: number;
  /** Weight of the short memory, 0 to 1: how sure it is that the block's heat changed. */
  readonly changed: Fraction;
}

/** Returned pages that came back, of those looked at after `afterSeconds`. */
export interface Returns {
  readonly returned: Pages;
  readonly cameBack: Pages;
  readonly afterSeconds: number;
}

/** Change is believed when it is e³ = 20 times as likely as chance. */
const DOUBT = 3;
/** Expected log-likelihood ratio of a group that did not change. */
const CHANCE = 0.5;

/** Counts and exposure of one process, learned from hot maps and asked for rates with their intervals. */
export class ProcessBelief {
  readonly process: ProcessIdentity;
  readonly counts: BlockCounts;
  readonly exposure: Exposure = { long: 0, short: 0 };
  /** The part of the long exposure whose absence of samples proves something, by the nature of the samples. */
  seeing = 0;
  /** Accesses that a sample stands for, by the last turn with samples. */
  accessesPerSample: number | undefined;
  /** Whether samples tell which accesses missed the TLB. */
  tellsWalks = false;
  learnedAtMs: Milliseconds | undefined;
  /** What was learned last, so that a recording that is read again does not count twice. */
  learned = '';
  returns: Returns | undefined;
  ledger: Ledger = NEW_LEDGER;
  readonly #memory: Memory;
  readonly #scratch: Uint16Array;
  readonly #short: Float64Array;
  readonly #filled: Uint8Array;

  constructor(
    process: ProcessIdentity,
    geometry: PageGeometry,
    memory: Memory,
    mayGrow: (bytes: Bytes) => boolean,
  ) {
    this.process = process;
    this.counts = new BlockCounts({ pagesPerBlock: geometry.pagesPerBlock, mayGrow });
    this.#memory = memory;
    this.#scratch = new Uint16Array(geometry.pagesPerBlock);
    this.#short = new Float64Array(this.counts.groups);
    this.#filled = new Uint8Array(geometry.pagesPerBlock / 8);
  }

  /** Lets the time of a turn pass and adds what its samples tell. */
  learn(heat: HotMap | undefined, time: TurnTime): void {
    this.#fade(time.elapsedSeconds);
    this.learnedAtMs = time.atMs;
    if (heat === undefined) return;
    this.#learnHeat(heat, time);
    this.#keepContent(heat);
  }

  #learnHeat(heat: HotMap, time: TurnTime): void {
    if (!tellsOfSubPages(heat)) return;
    const key = keyOf(heat);
    if (key === this.learned) return;
    if (heat.origins.some(isRecorded)) this.learned = key;
    this.#weigh(heat);
    const perSecond = this.accessesPerSample;
    if (perSecond === undefined) return;
    const long = leftOfWindow(this.#memory.long, time.windowSeconds, this.#memory);
    const short = leftOfWindow(this.#memory.short, time.windowSeconds, this.#memory);
    const seconds = (time.windowSeconds * (1 - heat.unseenShare)) / perSecond;
    this.exposure.long += seconds * long;
    this.exposure.short += seconds * short;
    if (whyNot(heat, 'sparse') === '') this.seeing += seconds * long;
    this.#add(heat, long, short);
  }

  /** Once a block is split nothing reads its content any more: which sub-pages lie side by side is kept from before. */
  #keepContent(heat: HotMap): void {
    for (const block of heat.blocks()) {
      if (heat.filled(block, this.#filled)) this.counts.setFilled(block, this.#filled);
    }
  }

  /** What is believed of a block, its counts written to `into`; undefined where nothing was ever sampled of it. */
  block(block: BlockNumber, into: Float64Array): BlockBelief | undefined {
    if (!this.counts.read(block, into, this.#short)) return undefined;
    const { long, short } = this.exposure;
    const changed = this.counts.bitmaps.has(block)
      ? 0
      : this.#changed(into, short / Math.max(long, Number.MIN_VALUE));
    let total = 0;
    for (let group = 0; group < this.#short.length; group++) total += this.#mix(into, group, changed);
    return {
      total,
      exposure: (1 - changed) * long + changed * short,
      changed,
    };
  }

  /** How much of the exposure may call memory cold, 0 to 1. */
  get seeingShare(): Fraction {
    return this.exposure.long === 0 ? 0 : this.seeing / this.exposure.long;
  }

  #fade(seconds: number): void {
    const long = leftAfter(this.#memory.long, seconds, this.#memory);
    const short = leftAfter(this.#memory.short, seconds, this.#memory);
    this.counts.fade(long, short);
    this.exposure.long *= long;
    this.seeing *= long;
    this.exposure.short *= short;
  }

  /** How many accesses a sample stands for; the last that was known stands where there are no samples. */
  #weigh(heat: HotMap): void {
    let [samples, weight] = [0, 0];
    for (const block of heat.blocks()) {
      const found = heat.block(block);
      samples += found?.samples ?? 0;
      weight += found?.weight ?? 0;
    }
    if (samples > 0) this.accessesPerSample = weight / samples;
  }

  #add(heat: HotMap, long: number, short: number): void {
    for (const block of heat.blocks()) {
      if (!heat.counts(block, this.#scratch)) continue;
      this.counts.add(block, this.#scratch, long, short);
      if (!heat.tlbMissCounts(block, this.#scratch)) continue;
      this.tellsWalks = true;
      this.counts.addWalks(
        block,
        this.#scratch.reduce((sum, count) => sum + count, 0),
      );
    }
  }

  /**
   * Weight of the short memory: by how much likelier its groups' counts are at their own rates than at those of the long
   * memory.
   */
  #changed(long: Float64Array, ratio: number): Fraction {
    let evidence = -DOUBT;
    for (let group = 0; group < this.#short.length; group++) {
      const found = this.#short[group];
      const expected = ratio * sumOf(long, group);
      if (found + expected < 0.1) continue;
      evidence += expected - found + (found === 0 ? 0 : found * Math.log(found / Math.max(expected, 0.01)));
      evidence -= CHANCE;
    }
    return 1 / (1 + Math.exp(-evidence));
  }

  /** Long counts towards what the short memory says of their group; returns their sum. */
  #mix(counts: Float64Array, group: number, changed: Fraction): number {
    const sum = sumOf(counts, group);
    if (sum === 0) return 0;
    const factor = 1 - changed + (changed * this.#short[group]) / sum;
    const end = Math.min(counts.length, (group + 1) * GROUP_PAGES);
    for (let page = group * GROUP_PAGES; page < end; page++) counts[page] *= factor;
    return sum * factor;
  }
}

function sumOf(counts: Float64Array, group: number): number {
  const end = Math.min(counts.length, (group + 1) * GROUP_PAGES);
  let sum = 0;
  for (let page = group * GROUP_PAGES; page < end; page++) sum += counts[page];
  return sum;
}

/** Samples of a nature that ranks, from a source that sees below huge pages. */
function tellsOfSubPages(heat: HotMap): boolean {
  return heat.nature !== undefined && heat.subPageHeat && whyNot(heat, 'rank') === '';
}

/** A recording is the same whenever it is read; live sources tell of a new window each time. */
function isRecorded({ source, tells }: HotMap['origins'][number]): boolean {
  return tells === 'heat' && RECORDED.has(source);
}

const RECORDED: ReadonlySet<string> = new Set([
  'perf-file',
  'perf-script',
  'heat-file',
  'heat',
  'damo-record',
]);

function keyOf(heat: HotMap): string {
  const samples = [...heat.blocks()].reduce((sum, block) => sum + (heat.block(block)?.samples ?? 0), 0);
  const origins = heat.origins.filter(({ tells }) => tells === 'heat');
  return `${samples} ${origins.map(({ source, detail, event }) => `${source} ${detail} ${event}`).join(' ')}`;
}
