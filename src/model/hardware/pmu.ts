/**
 * A sampling PMU on the model's accesses: Arm SPE, AMD IBS or Intel PEBS. Each picks operations at an interval,
 * with jitter, and loses samples the way its hardware does:
 * - SPE counts operations; a selected operation that comes while the last one is still under way is a collision
 *   and lost; filters (loads, stores, latency) act after selection.
 * - IBS counts micro-operations; selected ones that access no memory give samples without an address.
 * - PEBS load latency counts only the loads and stores that qualify, so nothing is filtered afterwards; the record
 *   after a sample is armed at the next qualifying access.
 * Which cache serves an access is drawn from a mix for each kind of translation, since the model has no caches.
 */
import { SeededRandom } from '../../base/seeded-random.js';
import type { Fraction, Nanoseconds } from '../../vocabulary/units.js';
import type { PmuFigures } from '../cpus/cpu.js';
import { MAPPED } from './address-space.js';
import { DATA_FROM, emptySample, PmuSamples } from './pmu-samples.js';
import { OUTCOME, type Tlb } from './tlb.js';
import type { Window } from './windows.js';

/** How a PMU is set up, as `perf record` would. */
export interface PmuSettings {
  readonly kind: PmuFigures['kind'];
  /** Operations (SPE, IBS) or qualifying accesses (PEBS) between samples. */
  readonly period: number;
  /** Randomises the interval, so that samples do not fall in step with a loop. */
  readonly jitter: boolean;
  /** Cycles below which an access is not recorded: min_latency of SPE, ldlat of PEBS and IBS. */
  readonly minLatency: number;
  readonly loads: boolean;
  readonly stores: boolean;
  /** Operations in the instruction stream for each access of the model. */
  readonly operationsPerAccess: number;
  /** Whether physical addresses are recorded. */
  readonly physical: boolean;
}

/** Every 4096th operation with jitter, loads and stores, without a threshold. */
export const DEFAULT_PMU: Omit<PmuSettings, 'kind'> = {
  period: 4096,
  jitter: true,
  minLatency: 0,
  loads: true,
  stores: true,
  operationsPerAccess: 4,
  physical: true,
};

/** Who made a batch of accesses, and when. */
export interface AccessTiming {
  readonly start: Nanoseconds;
  readonly nsPerAccess: Nanoseconds;
  readonly cpu: number;
  readonly pid: number;
  readonly tid: number;
}

/** What a PMU can say about itself. */
export interface PmuCounters {
  /** Operations picked. */
  selected: number;
  recorded: number;
  /** Lost since the operation before was still under way. */
  collisions: number;
  /** Dropped by the filters: kind, latency, or no memory access. */
  filtered: number;
}

/** Share of accesses served by each level, by OUTCOME; assumptions, as no cache is modelled. */
const SERVED: readonly (readonly Fraction[])[] = [
  [0.9, 0.07, 0.02, 0.01],
  [0.35, 0.3, 0.2, 0.15],
  [0.1, 0.2, 0.3, 0.4],
  [0.05, 0.05, 0.1, 0.8],
];
/** Cycles of a load served by each level, and of a translation by OUTCOME. */
const LOAD_CYCLES = [4, 14, 50, 250];
const TRANSLATION_CYCLES = [1, 8, 60, 400];
const LINE_BYTES = 64;

/** Takes accesses in batches and records samples with their latency and TLB outcome. */
export class Pmu {
  readonly settings: PmuSettings;
  readonly samples = new PmuSamples();
  readonly counters: PmuCounters = { selected: 0, recorded: 0, collisions: 0, filtered: 0 };
  readonly #random: SeededRandom;
  readonly #clockGhz: number;
  readonly #sample = emptySample();
  /** Operations (PEBS: accesses) until the next selection, by CPU. */
  readonly #left = new Map<number, number>();
  /** Until when the operation selected last is under way, by CPU. */
  readonly #busyUntil = new Map<number, Nanoseconds>();

  constructor(settings: PmuSettings, clockGhz: number, seed: number) {
    this.settings = settings;
    this.#clockGhz = clockGhz;
    this.#random = new SeededRandom(seed);
  }

  /** Looks at a batch that `tlb` has just translated. */
  observe(tlb: Tlb, window: Window, accesses: Uint32Array, count: number, timing: AccessTiming): void {
    const step = this.settings.kind === 'pebs' ? 1 : this.settings.operationsPerAccess;
    let left = this.#left.get(timing.cpu) ?? this.#interval();
    let at = 0;
    for (;;) {
      // The operations of access i are step * i … step * i + step − 1; the access itself is the first of them.
      const operation = at * step + left;
      const selected = Math.floor(operation / step);
      if (selected >= count) break;
      const isAccess = operation - selected * step < 1;
      this.counters.selected++;
      const time = timing.start + selected * timing.nsPerAccess;
      this.#describe(tlb.outcomes[selected], isAccess, timing, time);
      this.#select(window, accesses[selected], isAccess);
      left = operation - selected * step + this.#interval();
      at = selected;
    }
    this.#left.set(timing.cpu, left - (count - at) * step);
  }

  #interval(): number {
    const { period, jitter, kind } = this.settings;
    if (!jitter) return period;
    // SPE replaces the low 8 bits of its counter by random ones, IBS the low 4 of period / 16.
    const width = kind === 'spe' ? 256 : kind === 'ibs' ? 128 : Math.max(1, period >> 3);
    return Math.max(1, period - (width >> 1) + this.#random.below(width));
  }

  /** Records the described sample, unless the hardware is busy or filters it. */
  #select(window: Window, access: number, isAccess: boolean): void {
    const { cpu, time } = this.#sample;
    if (this.#collides(cpu, time)) this.counters.collisions++;
    else if (!isAccess && this.settings.kind !== 'ibs') this.counters.filtered++;
    else {
      if (isAccess) this.#locate(window, access);
      if (isAccess && !this.#passes()) this.counters.filtered++;
      else this.#record();
    }
  }

  #describe(outcome: number, isAccess: boolean, timing: AccessTiming, time: Nanoseconds): void {
    const sample = this.#sample;
    sample.time = time;
    sample.cpu = timing.cpu;
    sample.pid = timing.pid;
    sample.tid = timing.tid;
    sample.address = 0;
    sample.physical = 0;
    sample.isStore = false;
    sample.isGuest = false;
    sample.isHuge = false;
    sample.outcome = isAccess ? outcome : OUTCOME.firstLevel;
    sample.from = isAccess ? this.#servedBy(outcome) : DATA_FROM.l1;
    sample.translation = isAccess ? TRANSLATION_CYCLES[outcome] : 0;
    sample.latency = (isAccess ? LOAD_CYCLES[sample.from] : 1) + sample.translation + this.#random.below(6);
  }

  #servedBy(outcome: number): number {
    let left = this.#random.fraction();
    for (const [level, share] of SERVED[outcome].entries()) {
      left -= share;
      if (left < 0) return level;
    }
    return DATA_FROM.memory;
  }

  #collides(cpu: number, time: Nanoseconds): boolean {
    if (this.settings.kind !== 'spe') return false;
    if (time < (this.#busyUntil.get(cpu) ?? 0)) return true;
    this.#busyUntil.set(cpu, time + this.#sample.latency / this.#clockGhz);
    return false;
  }

  /** Addresses of the access: a line of the page and eight bytes of the line at random. */
  #locate(window: Window, access: number): void {
    const sample = this.#sample;
    const { space } = window;
    const offset = access >>> 1;
    const page = window.firstPage + (window.guest === undefined ? offset : window.guest.toHost(offset));
    const pageBytes = this.#pageBytes;
    const within = this.#random.below(pageBytes / LINE_BYTES) * LINE_BYTES + this.#random.below(8) * 8;
    const frame = this.settings.physical ? space.frame(page) : -1;
    sample.address = (window.firstPage + offset) * pageBytes + within;
    sample.physical = frame < 0 ? 0 : frame * pageBytes + within;
    sample.isStore = (access & 1) === 1;
    sample.isGuest = window.guest !== undefined;
    sample.isHuge = (space.peek(page) & MAPPED.huge) !== 0;
  }

  #pageBytes = 4096;

  /** Page size of the accesses; 4 KiB unless told. */
  usePageBytes(pageBytes: number): void {
    this.#pageBytes = pageBytes;
  }

  #passes(): boolean {
    const { loads, stores, minLatency, kind } = this.settings;
    const sample = this.#sample;
    if (sample.isStore ? !stores : !loads) return false;
    // SPE and PEBS of the host do not see a guest; IBS does.
    if (sample.isGuest && kind !== 'ibs') return false;
    return sample.latency >= minLatency || (sample.isStore && kind !== 'spe');
  }

  #record(): void {
    this.samples.add(this.#sample);
    this.counters.recorded++;
  }
}
