/** One run of one contender: the simulation with its observers, reduced to the figures that a comparison needs. */
import { subtractCounters, type TlbCounters } from '../model/hardware/tlb-counters.js';
import { tlbCounters } from '../simulator/run/host-machine.js';
import { readsOf, type ScenarioFiles } from '../simulator/run/jobs.js';
import type { RunningProcess } from '../simulator/run/running-process.js';
import { Simulation } from '../simulator/run/simulation.js';
import type { Scenario } from '../simulator/scenario/scenario.js';
import type { Bytes, Nanoseconds } from '../vocabulary/units.js';
import type { Contender, Steering } from './contenders/contender.js';
import { dress, placeOf, ROWS } from './dress.js';
import { LayoutWatch, reclaimableBytes } from './layout-watch.js';
import { nsOfCycle } from './rates.js';
import { STEPS } from './speed-bound.js';
import { boundsOfStretch, type StretchBounds } from './stretch-bounds.js';

/** How often Octavo acts on a host by default. Runs are short, and their turns come sooner. */
const USUAL_TURN_NS: Nanoseconds = 30e9;
/** Stretches of the measured time that the bound is taken of, each with the best layout of its own. */
const STRETCHES = 4;

/** What the rulers tell of the cell beside themselves. */
export interface BoundRun {
  /** Least time of translation for an access at each share of the bloat removed. */
  readonly leastNs: readonly Nanoseconds[];
  /** What it took in this run of small pages alone. */
  readonly translationNs: Nanoseconds;
  /** What the best known layout for exact rates saves of it at each share of the bloat removed. */
  readonly knownNs: readonly Nanoseconds[];
}

/** What came of a run. Times, faults and memory are those after the warm-up unless said otherwise. */
export interface CellRun {
  readonly processes: readonly ProcessRun[];
  /** Resident bytes of all processes, averaged over time, and the most at one time. */
  readonly meanRss: Bytes;
  readonly peakRss: Bytes;
  /** Resident bytes of folios not accessed after the warm-up, at the end. */
  readonly reclaimableBytes: Bytes;
  /** In the whole run. */
  readonly majorFaults: number;
  /** Of the whole run: blocks that held memory; changes between huge and small; those after the first of a block. */
  readonly blocks: number;
  readonly actions: number;
  readonly churn: number;
  readonly actedShare: number;
  /** CPU time of khugepaged, kswapd and the kdamonds in the whole run. */
  readonly workNs: Nanoseconds;
  /** CPU time of user space that decides: reading, sampling, planning and its calls. */
  readonly ownCpuNs: Nanoseconds;
  /** Of single accesses: what one in a thousand exceeds; and the longest time from one access of a thread to its next. */
  readonly p999Ns: Nanoseconds;
  readonly worstGapNs: Nanoseconds;
  /** Turns of a rule in user space; null for contenders that have none. */
  readonly agent: AgentRun | null;
  /** Of runs in which all pages are small; null of others. */
  readonly bound: BoundRun | null;
}

/** A run, or why there is none: the contender cannot run there, or the scenario broke off. */
export type CellAnswer =
  | { readonly kind: 'run'; readonly run: CellRun }
  | { readonly kind: 'none'; readonly why: string };

/** What one process of a run came to. */
export interface ProcessRun {
  readonly name: string;
  readonly accesses: number;
  /** Think time, translation, faults and waits; samples as many as a turn every 30 s would take. */
  readonly nsPerAccess: Nanoseconds;
  /** Resident at the end. */
  readonly rss: Bytes;
}

/** What Octavo's turns did in a run. */
export interface AgentRun {
  readonly turns: number;
  readonly steps: number;
  readonly refused: number;
  readonly undone: number;
  /** Share of the blocks that the last turn left alone for want of evidence. */
  readonly unknownShare: number;
}

interface Progress {
  readonly accesses: number;
  readonly busyNs: Nanoseconds;
}

/** Runs a contender on a scenario once. The same scenario, contender and seed give the same figures. */
export async function runCell(
  scenario: Scenario,
  contender: Contender,
  seed: number,
  files: ScenarioFiles,
): Promise<CellRun> {
  const run = new WatchedRun(scenario, contender, seed, files);
  await run.toEnd();
  return run.result();
}

class WatchedRun {
  readonly #simulation: Simulation;
  readonly #watch: LayoutWatch;
  readonly #steer: Steering | undefined;
  #warm: ReadonlyMap<string, Progress> = new Map();
  readonly #isRuler: boolean;
  /** Pages that were accessed after the warm-up, and what the bound is of each stretch until now. */
  readonly #touched = new Map<string, Uint8Array>();
  readonly #bounds: StretchBounds[] = [];
  #tlb: TlbCounters;
  #sampled = 0;
  readonly #everyNs: Nanoseconds;
  #steeredTo: Nanoseconds = 0;

  constructor(scenario: Scenario, contender: Contender, seed: number, files: ScenarioFiles) {
    const kind = contender.rule?.(placeOf(scenario)).kind;
    this.#everyNs = placeOf(scenario).every;
    this.#isRuler = contender.name === 'never';
    this.#steer = contender.steer?.(placeOf(scenario));
    this.#simulation = new Simulation(dress(scenario, contender), seed, {
      ...readsOf(files),
      progress: () => undefined,
      ...(kind === undefined ? {} : { policies: { [contender.name]: kind } }),
      countTouches: true,
      skipTimeline: true,
    });
    this.#tlb = tlbCounters(this.#simulation.machine);
    this.#watch = new LayoutWatch(this.#simulation.machine.kernel);
  }

  async toEnd(): Promise<void> {
    const { duration, warmUp } = this.#simulation.scenario;
    const times = Array.from({ length: ROWS }, (_, row) => Math.round(((row + 1) * duration) / ROWS));
    for (const time of [...times.filter((one) => one < warmUp), warmUp]) await this.#step(time);
    this.#beginMeasuring();
    const measured = times.filter((one) => one > warmUp);
    for (const [index, time] of measured.entries()) {
      await this.#step(time);
      const stretch = (row: number) => Math.floor((row * STRETCHES) / measured.length);
      if (stretch(index + 1) > stretch(index)) this.#endStretch();
    }
  }

  #endStretch(): void {
    const { processes, machine } = this.#simulation;
    if (this.#isRuler) {
      this.#bounds.push(boundsOfStretch(machine, processes));
    }
    for (const { name, touches } of processes) {
      if (touches === undefined) continue;
      const touched = this.#touched.get(name) ?? new Uint8Array(touches.length);
      this.#touched.set(name, touched);
      for (let page = 0; page < touches.length; page++) if (touches[page] > 0) touched[page] = 1;
      touches.fill(0);
    }
  }

  #spent(): TlbCounters {
    return subtractCounters(tlbCounters(this.#simulation.machine), this.#tlb);
  }

  async #step(time: Nanoseconds): Promise<void> {
    await this.#simulation.advanceTo(time);
    const { host, kernel } = this.#simulation.machine;
    this.#watch.look(this.#simulation.processes);
    if (this.#steer === undefined || kernel.clock.now < this.#steeredTo) return;
    this.#steeredTo = kernel.clock.now + 1e9;
    this.#steer(
      host,
      this.#simulation.processes.map(({ name }) => name),
    );
  }

  #beginMeasuring(): void {
    const { processes, machine } = this.#simulation;
    this.#tlb = tlbCounters(machine);
    this.#sampled = machine.pmu?.counters.recorded ?? 0;
    this.#warm = new Map(processes.map(({ name, accesses, busyNs }) => [name, { accesses, busyNs }]));
    for (const { touches } of processes) touches?.fill(0);
  }

  result(): CellRun {
    const { processes, machine } = this.#simulation;
    const { actions, acted, blocks, churn } = this.#watch.totals();
    return {
      processes: processes.map((process) => this.#processRun(process)),
      meanRss: sumOf(processes.map(({ memory }) => memory.mean)),
      peakRss: sumOf(processes.map(({ memory }) => memory.peak)),
      reclaimableBytes: reclaimableBytes(machine.kernel, processes, this.#touched),
      majorFaults: machine.kernel.counters.events.pgmajfault ?? 0,
      blocks,
      actions,
      churn,
      actedShare: blocks === 0 ? 0 : acted / blocks,
      workNs: this.#simulation.kernelThreadsNs,
      ownCpuNs: this.#simulation.octavoNs,
      p999Ns: Math.max(...processes.map(({ times }) => times.summary.p999Ns)),
      worstGapNs: Math.max(...processes.map(({ times, about }) => times.summary.worstNs + about.think)),
      agent: this.#agentRun(blocks),
      bound: this.#isRuler ? this.#bound() : null,
    };
  }

  #processRun(process: RunningProcess): ProcessRun {
    const warm = this.#warm.get(process.name) ?? { accesses: 0, busyNs: 0 };
    const accesses = process.accesses - warm.accesses;
    const busyNs = process.busyNs - warm.busyNs - this.#tooSoonNs(accesses);
    return {
      name: process.name,
      accesses,
      nsPerAccess: accesses === 0 ? 0 : busyNs / accesses,
      rss: process.killed
        ? 0
        : (process.task.mm?.rss ?? 0) * this.#simulation.machine.kernel.geometry.pageBytes,
    };
  }

  #bound(): BoundRun {
    const { cpu } = this.#simulation.machine;
    const spent = this.#spent();
    const meanOf = (figure: (bounds: StretchBounds) => Float64Array) =>
      Array.from({ length: STEPS + 1 }, (_, step) => mean(this.#bounds.map((one) => figure(one)[step])));
    return {
      leastNs: meanOf(({ leastNs }) => leastNs),
      knownNs: meanOf(({ knownNs }) => knownNs),
      translationNs: (spent.cycles * nsOfCycle(cpu)) / Math.max(1, spent.accesses),
    };
  }

  /** Time that `accesses` spent on samples beyond those that the usual time between two turns would take. */
  #tooSoonNs(accesses: number): Nanoseconds {
    const { pmu, cpu } = this.#simulation.machine;
    const { processes } = this.#simulation;
    if (pmu === undefined) return 0;
    const all =
      sumOf(processes.map((process) => process.accesses)) -
      sumOf([...this.#warm.values()].map((warm) => warm.accesses));
    const sampled = (pmu.counters.recorded - this.#sampled) * cpu.pmu.sampleNs.value;
    const usual = Math.min(1, this.#everyNs / USUAL_TURN_NS);
    return all === 0 ? 0 : sampled * (accesses / all) * (1 - usual);
  }

  #agentRun(blocks: number): AgentRun | null {
    const { octavo } = this.#simulation;
    if (octavo === undefined) return null;
    const { turns, met, notMet, refused, undone, unknown } = octavo;
    const unknownShare = blocks === 0 ? 0 : Math.min(1, unknown / blocks);
    return { turns, steps: met + notMet, refused, undone, unknownShare };
  }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sumOf(values) / values.length;
}
