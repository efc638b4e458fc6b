/**
 * One simulation: a machine, its processes and events, run forward in virtual time. A pure function of scenario
 * and seed.
 */

import type { Kinds } from '../../config/kinds.js';
import { subtractCounters } from '../../model/hardware/tlb-counters.js';
import { adviseRange } from '../../model/kernel/advice/madvise.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { Nanoseconds } from '../../vocabulary/units.js';
import type { Scenario, ScenarioEvent } from '../scenario/scenario.js';
import type { Reads } from '../workloads/workload.js';
import { AgentService } from './agent-service.js';
import { BackgroundWork } from './background-work.js';
import { type BaselineRequest, baselineNs } from './baselines.js';
import { CpuQueues } from './cpu-queues.js';
import { DamonRuns } from './damon-runs.js';
import { HeatRecorder } from './heat-course.js';
import { type Machine, makeMachine, usedBytes, writeFile } from './host-machine.js';
import { type Mark, nsPerAccess, processAt, rateBetween, takeMark } from './marks.js';
import { takeCensus } from './memory-census.js';
import { OctavoTurns } from './octavo-turns.js';
import {
  OUTCOME_VERSION,
  type OutcomeCosts,
  type ProcessOutcome,
  type SimulationOutcome,
  type TimelineRow,
} from './outcome.js';
import { RunningProcess } from './running-process.js';
import { Splitter } from './splitter.js';

/** What a simulation needs from outside: files that a scenario names, and who is told about progress. */
export interface SimulationContext extends Reads {
  progress(done: Nanoseconds, total: Nanoseconds): void;
  /** What the scenario's agent chooses its policy from; Octavo's own when absent. */
  readonly policies?: Kinds['policies'];
  /** Count the accesses of every page: `RunningProcess.touches`. */
  readonly countTouches?: boolean;
  /** Leave the timeline empty, where nobody reads it: a census of all memory for each row is a part of a short run. */
  readonly skipTimeline?: boolean;
  /** Keep where accesses went over time, for `SimulationOutcome.heat`. Takes the counts of `touches` for itself. */
  readonly keepHeat?: boolean;
}

const EVENT = {
  cpu: 'scenario-cpu',
  start: 'scenario-start',
  act: 'scenario-event',
  damon: 'scenario-damon',
  stop: 'scenario-stop',
  row: 'scenario-row',
  end: 'scenario-end',
};

/** Runs a scenario to its end, and returns its outcome. */
export class Simulation {
  readonly machine: Machine;
  readonly processes: RunningProcess[] = [];
  readonly timeline: TimelineRow[] = [];
  readonly notes: string[] = [];
  readonly octavo: OctavoTurns | undefined;
  readonly service: AgentService | undefined;
  readonly #context: SimulationContext;
  readonly #cpus: CpuQueues;
  readonly #background: BackgroundWork;
  readonly #splitters = new Map<number, Splitter>();
  readonly #damon: DamonRuns;
  readonly #heat: HeatRecorder | undefined;
  #callNs: Nanoseconds = 0;
  #killed = 0;
  #warm: Mark | undefined;
  #last: Mark;

  constructor(scenario: Scenario, seed: number, context: SimulationContext) {
    this.machine = makeMachine(scenario, seed);
    this.#context = context;
    this.#cpus = new CpuQueues(scenario.host.cpus);
    this.#background = new BackgroundWork(this.machine, this.#cpus);
    const { clock } = this.machine.kernel;
    clock.handle(EVENT.cpu, (cpu) => this.#runCpu(cpu));
    clock.handle(EVENT.start, (index) => this.#startProcess(index));
    clock.handle(EVENT.act, (index) => this.#act(scenario.events[index], index));
    clock.handle(EVENT.stop, (at) => this.#stopProcess(at));
    for (const [index, { start }] of scenario.processes.entries()) clock.at(start, EVENT.start, index);
    for (const [index, { at }] of scenario.events.entries()) clock.at(at, EVENT.act, index);
    for (let cpu = 0; cpu < scenario.host.cpus; cpu++) clock.at(0, EVENT.cpu, cpu);
    this.#damon = new DamonRuns(this.machine, (process) => this.#find(process));
    this.machine.observed.measureFrom = scenario.warmUp;
    clock.handle(EVENT.damon, (index) => this.#damon.start(index));
    for (const [index, { at }] of scenario.damon.entries()) clock.at(at, EVENT.damon, index);
    this.octavo = scenario.agent && new OctavoTurns(this.machine, scenario.agent, context.policies);
    this.service = scenario.service && new AgentService(this.machine, scenario.service);
    const { keepHeat = false } = context;
    this.#heat = keepHeat ? new HeatRecorder(this.machine.kernel, scenario.duration / 1e6) : undefined;
    this.#last = this.#mark();
  }

  get scenario(): Scenario {
    return this.machine.scenario;
  }

  /** CPU time of Octavo, and of khugepaged, kswapd and the kdamonds, until now. */
  get octavoNs(): Nanoseconds {
    return this.#background.octavoNs;
  }

  get kernelThreadsNs(): Nanoseconds {
    return this.#background.kernelThreadsNs;
  }

  /** Runs to the end, a row of the timeline at a time. Throws STOPPED when the signal says so. */
  async run(signal: AbortSignal = new AbortController().signal): Promise<void> {
    const { duration, report } = this.scenario;
    if (this.service !== undefined) return this.#runService(this.service, signal);
    for (let time = report; time < duration + report; time += report) {
      throwIfStopped(signal);
      await this.advanceTo(Math.min(time, duration));
    }
  }

  /** The agent drives time: rows of the timeline and the end are events. */
  async #runService(service: AgentService, signal: AbortSignal): Promise<void> {
    const { duration, report, warmUp } = this.scenario;
    const { clock } = this.machine.kernel;
    clock.handle(EVENT.row, () => {
      if (this.#warm === undefined && warmUp <= clock.now) {
        this.#warm = this.#mark();
        this.#restartMeters();
      }
      this.#context.progress(clock.now, duration);
      this.#addRow();
      if (clock.now + report <= duration) clock.after(report, EVENT.row);
    });
    clock.handle(EVENT.end, () => service.end());
    clock.at(report, EVENT.row);
    clock.at(duration, EVENT.end);
    await service.run(signal);
    throwIfStopped(signal);
    this.notes.push(...service.events);
  }

  /** Runs until `time` and writes a row of the timeline. */
  async advanceTo(time: Nanoseconds): Promise<void> {
    const { warmUp, duration } = this.scenario;
    if (this.#warm === undefined && warmUp <= time) {
      await this.#runUntil(warmUp);
      this.#warm = this.#mark();
      this.#restartMeters();
    }
    await this.#runUntil(time);
    this.#context.progress(time, duration);
    // A turn of Octavo may have taken the model past this row already.
    const last = this.timeline.at(-1)?.atMs ?? -1;
    if (Math.round(this.machine.kernel.clock.now / 1e6) > last) this.#addRow();
  }

  /** Runs the model, and Octavo's turns as they fall due; a turn takes virtual time of its own. */
  async #runUntil(time: Nanoseconds): Promise<void> {
    const { clock } = this.machine.kernel;
    while (this.octavo !== undefined && this.octavo.due <= time) {
      clock.advanceTo(this.octavo.due);
      this.notes.push(...(await this.octavo.take()));
    }
    clock.advanceTo(time);
  }

  /** Means over time and tails are of what comes after the warm-up. */
  #restartMeters(): void {
    const { now } = this.machine.kernel.clock;
    this.#background.memory.restart(now);
    for (const { memory, times } of this.processes) {
      memory.restart(now);
      times.restartTails();
    }
  }

  #startProcess(index: number): void {
    const about = this.scenario.processes[index];
    const process = new RunningProcess(this.machine, about, index, this.#context);
    if (this.#context.countTouches === true || this.#heat !== undefined) process.countTouches();
    this.processes.push(process);
    const { start, stop, repeat } = process.about;
    const { clock } = this.machine.kernel;
    if (stop !== undefined) clock.after(stop - start, EVENT.stop, this.processes.length - 1);
    if (stop !== undefined && repeat !== undefined) clock.after(repeat, EVENT.start, index);
    for (let thread = 0; thread < process.threads; thread++) {
      this.#cpus.add({ process, index: thread });
    }
  }

  #stopProcess(at: number): void {
    this.#cpus.drop(this.processes[at]);
    this.processes[at].end();
  }

  #runCpu(cpu: number): void {
    const { clock } = this.machine.kernel;
    this.#background.collect();
    const thread = this.#cpus.next(cpu);
    const lost = this.#cpus.takeOwed(cpu);
    if (thread === undefined) {
      clock.after(this.scenario.slice, EVENT.cpu, cpu);
      return;
    }
    clock.after(thread.process.runSlice(thread.index, cpu, lost), EVENT.cpu, cpu);
    this.#noteKilled();
  }

  /** Those that have not been stopped; killed ones are still told of. */
  get #running(): readonly RunningProcess[] {
    return this.processes.filter((process) => process.about.stop === undefined || !process.killed);
  }

  get #expectedThreads(): number {
    return this.scenario.processes.reduce((sum, { threads }) => sum + threads, 0);
  }

  #noteKilled(): void {
    const { killed } = this.machine.kernel;
    for (; this.#killed < killed.length; this.#killed++) {
      const { pid, command } = killed[this.#killed];
      this.notes.push(`${this.#time()} the OOM killer ended ${command} (pid ${pid})`);
      if (this.#cpus.started < this.#expectedThreads || !this.processes.every((process) => process.killed))
        continue;
      const problem = `${command}: out of memory, and no process is left`;
      throw new OctavoError('SCENARIO_FAILED', { time: this.#time(), problem });
    }
  }

  #act(event: ScenarioEvent, index: number): void {
    if (event.every !== undefined) this.machine.kernel.clock.after(event.every, EVENT.act, index);
    if (event.write !== undefined) writeFile(this.machine.host, event.write.path, `${event.write.text}`);
    if (event.advise !== undefined) this.#advise(event.advise);
    if (event.split !== undefined) this.#split(event.split, index);
  }

  #advise(call: NonNullable<ScenarioEvent['advise']>): void {
    const { kernel } = this.machine;
    const { window, task } = this.#find(call.process);
    const pages = (bytes: number) => Math.floor(bytes / kernel.geometry.pageBytes);
    const first = window.firstPage + pages(call.from);
    const before = takeCensus(kernel, task.memory).pmdMapped;
    const end = Math.min(first + pages(call.bytes), window.firstPage + window.pages);
    const answer = adviseRange(kernel, task.memory, first, end, call.advice);
    this.#callNs += answer.cost;
    this.#cpus.useAny(answer.cost);
    const change = (takeCensus(kernel, task.memory).pmdMapped - before) / kernel.geometry.blockBytes;
    const result = answer.error ?? `${change >= 0 ? '+' : ''}${change} huge blocks`;
    this.notes.push(`${this.#time()} ${call.advice} on ${call.process}: ${result}`);
  }

  #split(call: NonNullable<ScenarioEvent['split']>, index: number): void {
    const { kernel } = this.machine;
    const { window, task } = this.#find(call.process);
    let splitter = this.#splitters.get(index);
    if (splitter === undefined) {
      splitter = new Splitter(kernel, task.memory, call.backOff);
      this.#splitters.set(index, splitter);
    }
    const pages = (bytes: number) => Math.floor(bytes / kernel.geometry.pageBytes);
    const before = splitter.counts.ns;
    splitter.round(window.firstPage + pages(call.from), pages(call.bytes));
    this.#cpus.useAny(splitter.counts.ns - before);
  }

  #find(name: string): RunningProcess {
    const found = this.processes.find((process) => process.name === name);
    if (found !== undefined) return found;
    throw new OctavoError('SCENARIO_FAILED', {
      time: this.#time(),
      problem: `no process ${name} is running`,
    });
  }

  #time(): string {
    return `${(this.machine.kernel.clock.now / 1e9).toFixed(3)} s`;
  }

  #mark(): Mark {
    return takeMark(this.machine, this.processes);
  }

  #addRow(): void {
    if (this.#context.skipTimeline === true) return;
    const mark = this.#mark();
    const { kernel } = this.machine;
    this.timeline.push({
      atMs: Math.round(kernel.clock.now / 1e6),
      processes: this.#running.map((process) => {
        const census = takeCensus(kernel, process.task.memory);
        return {
          name: process.name,
          rss: census.rss,
          huge: census.pmdMapped,
          bloat: census.bloat,
          perSecond: rateBetween(this.#last, mark, process.name),
        };
      }),
      splits: mark.splits - this.#last.splits,
      collapses: mark.collapses - this.#last.collapses,
      tlb: subtractCounters(mark.tlb, this.#last.tlb),
    });
    this.#heat?.note(this.processes, Math.round(kernel.clock.now / 1e6));
    this.#last = mark;
  }

  /** Baselines to compute, two for each process; in the order in which `outcome` takes their results. */
  baselineRequests(): BaselineRequest[] {
    const warm = this.#warm ?? this.#last;
    return this.#running.flatMap((process) => {
      const warmUp = processAt(warm, process.name).accesses / process.threads;
      const measured = process.accesses / process.threads - warmUp;
      const request = {
        scenario: this.scenario,
        seed: this.machine.seed,
        process: this.scenario.processes.indexOf(process.about),
        warmUp: Math.min(warmUp, MOST_BASELINE_ACCESSES),
        accesses: Math.min(measured, MOST_BASELINE_ACCESSES),
        nsPerAccess: process.accesses === 0 ? 1 : process.busyNs / process.accesses,
      };
      return [
        { ...request, kind: 'base' as const },
        { ...request, kind: 'huge' as const },
      ];
    });
  }

  outcome(baselines: readonly Nanoseconds[], name: string): SimulationOutcome {
    const warm = this.#warm ?? this.#last;
    const now = this.#mark();
    const { kernel, cpu, seed, pmu } = this.machine;
    this.#background.collect();
    for (const splitter of this.#splitters.values()) this.notes.push(splitterNote(splitter));
    return {
      octavo: 'outcome',
      version: OUTCOME_VERSION,
      scenario: name,
      about: this.scenario.about,
      seed,
      cpu: cpu.name,
      pageBytes: kernel.geometry.pageBytes,
      blockBytes: kernel.geometry.blockBytes,
      durationMs: Math.round(kernel.clock.now / 1e6),
      timeline: this.timeline,
      processes: this.#running.map((process, index) =>
        this.#processOutcome(process, [warm, now], baselines[2 * index], baselines[2 * index + 1]),
      ),
      tlb: subtractCounters(now.tlb, warm.tlb),
      usedBytes: usedBytes(this.machine),
      meanUsedBytes: this.#background.memory.mean,
      peakUsedBytes: this.#background.memory.peak,
      costs: this.#costs(now),
      events: Object.fromEntries(Object.entries(kernel.counters.events).filter(([, count]) => count !== 0)),
      pmu: pmu && { ...pmu.counters },
      agent: this.octavo?.outcome() ?? this.service?.outcome(),
      ...(this.service === undefined ? {} : { service: this.service.serviceOutcome() }),
      damon: this.#damon.outcomes(),
      ...(this.#heat === undefined ? {} : { heat: this.#heat.courses }),
      notes: this.notes,
    };
  }

  #processOutcome(
    process: RunningProcess,
    [warm, now]: readonly [Mark, Mark],
    baseNs: Nanoseconds,
    hugeNs: Nanoseconds,
  ): ProcessOutcome {
    const { name, memory, times } = process;
    const census = takeCensus(this.machine.kernel, process.task.memory);
    const [before, after] = [processAt(warm, name), processAt(now, name)];
    process.noteMemory();
    return {
      name,
      workload: process.about.workload,
      ...census,
      meanRss: memory.mean,
      peakRss: memory.peak,
      accesses: after.accesses - before.accesses,
      perSecond: rateBetween(warm, now, name),
      allBasePerSecond: 1e9 / baseNs,
      allHugePerSecond: 1e9 / hugeNs,
      nsPerAccess: nsPerAccess(warm, now, name),
      accessTime: times.summary,
      worstGapNs: times.summary.worstNs + process.about.think,
      majorFaults: after.majorFaults - before.majorFaults,
    };
  }

  #costs(now: Mark): OutcomeCosts {
    const { kernel } = this.machine;
    const own = [...this.#splitters.values()].reduce((sum, { counts }) => sum + counts.ns, 0);
    return {
      splits: now.splits,
      collapses: now.collapses,
      khugepagedCollapses: kernel.thp.pagesCollapsed,
      callNs: this.#callNs + own + (this.octavo?.callNs ?? 0),
      khugepagedNs: kernel.khugepagedNs,
      kernelThreadsNs: this.#background.kernelThreadsNs,
      octavoNs: this.#background.octavoNs,
      shootdowns: now.shootdowns,
      heldNs: kernel.holds.totalNs,
      faultNs: now.tlb.faultNs,
    };
  }
}

/** Baselines need not be longer than this to be exact to a fraction of a percent. */
const MOST_BASELINE_ACCESSES = 2e6;

function splitterNote(splitter: Splitter): string {
  const { splits, recollapses, heldBack, failed, ns } = splitter.counts;
  const parts = [
    `splitter: ${splits} splits in ${(ns / 1e6).toFixed(1)} ms`,
    `${recollapses} undone by khugepaged`,
  ];
  if (heldBack > 0) parts.push(`held back ${heldBack} times`);
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join(', ');
}

/** A whole simulation with its baselines. */
export async function simulate(
  scenario: Scenario,
  seed: number,
  name: string,
  context: SimulationContext,
): Promise<SimulationOutcome> {
  const simulation = new Simulation(scenario, seed, context);
  await simulation.run();
  const baselines = simulation.baselineRequests().map((request) => baselineNs(request, context));
  return simulation.outcome(baselines, name);
}
