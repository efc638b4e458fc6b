/** How long the accesses of a process take, and what for: translation, faults, or waiting for another task's work. */
import { LogHistogram } from '../../base/log-histogram.js';
import { type Cpu, waitedShare } from '../../model/cpus/cpu.js';
import type { Tlb } from '../../model/hardware/tlb.js';
import type { TlbCounters } from '../../model/hardware/tlb-counters.js';
import type { Nanoseconds } from '../../vocabulary/units.js';

/** Where the time of a process went, in all. */
export interface TimeSpent {
  /** Its own work between the accesses. */
  readonly think: Nanoseconds;
  /** TLB misses, as far as the core does not hide them. */
  readonly translation: Nanoseconds;
  /** Page faults and calls of its own. */
  readonly fault: Nanoseconds;
  /** Waiting: for a block that is split or collapsed, for locks, for shootdowns, samples, and a CPU that others use. */
  readonly stall: Nanoseconds;
}

/** Times of single accesses, beside the work between them. Quantiles are within 1/32. */
export interface AccessTimeSummary {
  readonly p50Ns: Nanoseconds;
  readonly p99Ns: Nanoseconds;
  readonly p999Ns: Nanoseconds;
  readonly worstNs: Nanoseconds;
}

/** Adds up the time of accesses and keeps their distribution. */
export class AccessTimes {
  readonly #cpu: Cpu;
  readonly #think: Nanoseconds;
  readonly #histogram = new LogHistogram();
  readonly #spent = { think: 0, translation: 0, fault: 0, stall: 0 };
  #before: TlbCounters | undefined;
  #farBefore = 0;
  accesses = 0;

  constructor(cpu: Cpu, think: Nanoseconds) {
    this.#cpu = cpu;
    this.#think = think;
  }

  get spent(): TimeSpent {
    return { ...this.#spent };
  }

  get total(): Nanoseconds {
    const { think, translation, fault, stall } = this.#spent;
    return think + translation + fault + stall;
  }

  get summary(): AccessTimeSummary {
    const [p50Ns, p99Ns, p999Ns] = [0.5, 0.99, 0.999].map((share) => this.#histogram.quantile(share));
    return { p50Ns, p99Ns, p999Ns, worstNs: this.#histogram.most };
  }

  /** Forgets what was recorded of single accesses, at the end of a warm-up; sums go on. */
  restartTails(): void {
    this.#histogram.clear();
  }

  /** A batch is about to be translated. */
  begin(tlb: Tlb): void {
    this.#before = tlb.counters;
    this.#farBefore = tlb.farReferences;
  }

  /** `count` accesses have been translated since `begin`. Returns what they took, work between them included. */
  end(tlb: Tlb, count: number): Nanoseconds {
    const before = this.#before ?? tlb.counters;
    const after = tlb.counters;
    const nsPerCycle = waitedShare(this.#cpu) / this.#cpu.clockGhz.value;
    const translation = (after.cycles - before.cycles) * nsPerCycle;
    const fault = after.faultNs - before.faultNs;
    this.#spent.think += count * this.#think;
    this.#spent.translation += translation;
    this.#spent.fault += fault;
    this.accesses += count;
    this.#recordBatch(before, tlb, count, nsPerCycle);
    return count * this.#think + translation + fault;
  }

  /** One of the accesses waited. */
  stall(duration: Nanoseconds): void {
    if (duration <= 0) return;
    this.#spent.stall += duration;
    this.#histogram.record(duration);
  }

  /** Time of calls that the process made itself, such as giving memory back. */
  call(duration: Nanoseconds): void {
    if (duration <= 0) return;
    this.#spent.fault += duration;
    this.#histogram.record(duration);
  }

  /** Walks of a batch are taken as two kinds: those that went to memory, and those that did not. */
  #recordBatch(before: TlbCounters, tlb: Tlb, count: number, nsPerCycle: number): void {
    const after = tlb.counters;
    const walks = Math.min(count, after.walks - before.walks);
    const second = Math.max(
      0,
      Math.min(count - walks, after.firstLevelMisses - before.firstLevelMisses - walks),
    );
    const hitCycles = this.#cpu.secondHitCycles.value;
    this.#histogram.record(0, count - walks - second);
    this.#histogram.record(hitCycles * nsPerCycle, second);
    if (walks === 0) return;
    const far = tlb.farReferences - this.#farBefore;
    const farWalks = Math.min(walks, far);
    const { nearCycles, farCycles } = this.#cpu.walk;
    const extra = farCycles.value - nearCycles.value;
    const near = Math.max(0, (after.cycles - before.cycles - second * hitCycles - far * extra) / walks);
    const faults = Math.min(tlb.faultsOfBatch, walks);
    for (let i = 0; i < faults; i++) this.#histogram.record(near * nsPerCycle + tlb.faultTimes[i]);
    const slow = Math.max(0, farWalks - faults);
    this.#histogram.record((near + (farWalks === 0 ? 0 : (extra * far) / farWalks)) * nsPerCycle, slow);
    this.#histogram.record(near * nsPerCycle, walks - slow - faults);
  }
}
