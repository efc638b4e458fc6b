/**
 * One kdamond: the thread that samples, merges, applies schemes and takes commands, strictly in turn
 * (mm/damon/core.c kdamond_fn()). It is a state machine on virtual time, so that it can be stopped anywhere.
 */
import { failure, type Result, success } from '../../../base/result.js';
import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { Nanoseconds, ProcessId } from '../../../vocabulary/units.js';
import { tuneIntervals } from './attributes.js';
import { atLeastOne, type Context, probeWeights, type Scheme, scheduleScheme } from './context.js';
import { setDefaults } from './core-filters.js';
import type { Generation } from './generations.js';
import { KdamondTracing } from './kdamond-tracing.js';
import type { MonitoredMemory } from './monitored-memory.js';
import type { MonitoringCosts } from './monitoring-costs.js';
import type { Operations, OperationsTable } from './operations.js';
import { TICK_NS, ticksAt } from './quotas.js';
import { chopOversized, mergeAll, type SplitMemory, splitAll } from './region-dynamics.js';
import type { RegionList } from './region-list.js';
import { applySchemes, type SchemeWatcher } from './schemes.js';
import type { Tausworthe } from './tausworthe.js';
import type { TraceSink } from './trace.js';
import { watermarkWaitUs } from './watermarks.js';

/** What a blocking command waits for. */
export interface Pending {
  /** Undefined until it is over. */
  answer: Result<void, ErrnoName> | undefined;
}

export interface Call extends Pending {
  run(): Result<void, ErrnoName>;
}

/** A tried-regions walk: told of every region that any scheme tries until each has finished a pass. */
export interface Walk extends Pending {
  visit(
    context: Context,
    scheme: Scheme,
    regions: RegionList,
    index: number,
    accesses: number,
    passed: number,
  ): void;
}

export interface KdamondParts {
  readonly generation: Generation;
  readonly memory: MonitoredMemory;
  readonly costs: MonitoringCosts;
  readonly random: Tausworthe;
  readonly operations: OperationsTable;
  readonly splitMemory: SplitMemory;
  readonly trace: TraceSink;
  /** Called at every call point, for refresh_ms. */
  repeat(now: Nanoseconds): void;
}

type Phase = 'head' | 'gated' | 'sampled' | 'paused' | 'ended';

/** From this sleep on the kernel sleeps by ticks and may be woken early (USLEEP_RANGE_UPPER_BOUND, four ticks). */
const TICK_SLEEP_US = (4 * TICK_NS) / 1000;

export class Kdamond implements SchemeWatcher {
  readonly pid: ProcessId;
  readonly name: string;
  readonly context: Context;
  /** When it runs next; Infinity when it has ended. */
  wakeAt: Nanoseconds;
  /** CPU time used so far. */
  cpuNs: Nanoseconds = 0;
  /** Set when a commit failed half way: the thread leaves. */
  corrupted = false;
  private phase: Phase = 'head';
  private stopAsked = false;
  private sleepsByTicks = false;
  private calls: Call[] = [];
  private walk: Walk | undefined;
  private limit = 0;
  private latchedAggregation = 0;
  private latchedUpdate = 0;
  private workNs = 0;
  private readonly parts: KdamondParts;
  private readonly tracing: KdamondTracing;

  constructor(pid: ProcessId, name: string, context: Context, parts: KdamondParts) {
    this.pid = pid;
    this.name = name;
    this.context = context;
    this.parts = parts;
    this.tracing = new KdamondTracing(parts.trace, parts.generation.traceEvents, pid, name);
    this.wakeAt = parts.memory.nowNs();
    this.initialize();
  }

  get isRunning(): boolean {
    return this.phase !== 'ended';
  }

  /** Runs from one sleep to the next. */
  run(now: Nanoseconds): void {
    this.workNs = this.parts.costs.wake;
    const sleepUs = this.turn(now);
    this.cpuNs += this.workNs;
    this.wakeAt =
      sleepUs === undefined ? Number.POSITIVE_INFINITY : this.wakeTime(now + this.workNs, sleepUs);
  }

  /** Asks the thread to end. A tick sleep is cut short; a shorter one runs out. */
  stop(): void {
    this.stopAsked = true;
    if (this.sleepsByTicks) this.wakeAt = Math.min(this.wakeAt, this.parts.memory.nowNs());
  }

  /** Queues a command for the next call point. */
  call(call: Call): void {
    if (this.isRunning) this.calls.push(call);
    else call.answer = failure('ECANCELED');
  }

  /** Installs a walk. EBUSY while another one is under way. */
  startWalk(walk: Walk): void {
    if (!this.isRunning) walk.answer = failure('ECANCELED');
    else if (this.walk !== undefined) walk.answer = failure('EBUSY');
    else this.walk = walk;
  }

  beforeApply(scheme: number, target: number, regions: RegionList, index: number, accesses: number): void {
    this.tracing.beforeApply(scheme, target, regions, index, accesses);
  }

  tried(scheme: Scheme, regions: RegionList, index: number, accesses: number, passed: number): void {
    if (!scheme.walkDone) this.walk?.visit(this.context, scheme, regions, index, accesses, passed);
  }

  passed(scheme: Scheme): void {
    this.completeWalk(scheme);
    this.tracing.passed(this.context, scheme);
  }

  effectiveChanged(scheme: Scheme): void {
    this.tracing.effectiveChanged(this.context, scheme);
  }

  private get operations(): Operations {
    return this.parts.operations[this.context.operations];
  }

  private get lists(): RegionList[] {
    return this.context.targets.map((target) => target.regions);
  }

  private initialize(): void {
    const { context } = this;
    const { attributes } = context;
    const sample = atLeastOne(attributes.sampleUs);
    context.passed = 0;
    context.nextAggregation = Math.floor(attributes.aggregationUs / sample);
    context.nextUpdate = Math.floor(attributes.updateUs / sample);
    context.nextTune = context.nextAggregation * attributes.goal.aggregations;
    for (const scheme of context.schemes) {
      scheduleScheme(context, scheme);
      setDefaults(scheme);
    }
  }

  /** The next sleep in microseconds, undefined for the end. */
  private turn(now: Nanoseconds): number | undefined {
    switch (this.phase) {
      case 'head':
        if (this.limit === 0) this.begin();
        return this.head();
      case 'gated':
        return this.afterGate(now);
      case 'sampled':
        return this.afterSample(now);
      case 'paused':
        return this.afterPause(now);
      case 'ended':
        return undefined;
    }
  }

  private begin(): void {
    this.operations.initialize(this.context);
    this.limit = this.limitRegions();
  }

  private head(): number | undefined {
    if (this.mustStop()) return this.end();
    this.latchedAggregation = this.context.nextAggregation;
    this.latchedUpdate = this.context.nextUpdate;
    return this.gate();
  }

  private gate(): number | undefined {
    if (this.mustStop()) return this.end();
    const wait = this.watermarkWait();
    if (wait > 0) return this.sleepIn('gated', wait);
    if (probeWeights(this.context).length === 0) {
      this.operations.prepareChecks(this.context);
      this.workNs += this.perRegion(this.parts.costs.prepare);
    }
    return this.sleepIn('sampled', this.context.attributes.sampleUs);
  }

  /** The shortest wait of any scheme: 0 as soon as one is active. */
  private watermarkWait(): number {
    let least: number | undefined;
    for (const scheme of this.context.schemes) {
      const wait = watermarkWaitUs(scheme, this.parts.memory.metrics);
      least = least === undefined ? wait : Math.min(least, wait);
    }
    return least ?? 0;
  }

  private afterGate(now: Nanoseconds): number | undefined {
    this.runCalls(now);
    if (this.corrupted) return this.end();
    this.cancelWalk();
    return this.gate();
  }

  private afterSample(now: Nanoseconds): number | undefined {
    const { context } = this;
    context.passed++;
    const largest = this.check();
    if (this.isAggregating()) this.merge(largest);
    this.runCalls(now);
    if (this.corrupted) return this.end();
    return context.paused ? this.pause() : this.tail(now);
  }

  private pause(): number | undefined {
    this.cancelWalk();
    return this.sleepIn('paused', this.context.attributes.sampleUs);
  }

  private afterPause(now: Nanoseconds): number | undefined {
    this.runCalls(now);
    if (this.corrupted || this.mustStop()) return this.end();
    return this.context.paused ? this.pause() : this.tail(now);
  }

  /** Schemes, the end of an aggregation, the update step; then the next iteration. */
  private tail(now: Nanoseconds): number | undefined {
    if (this.context.schemes.length > 0) this.apply(now);
    else this.cancelWalk();
    if (this.isAggregating()) this.closeAggregation();
    if (this.context.passed >= this.latchedUpdate) this.updateTargets();
    return this.head();
  }

  private check(): number {
    const { context, operations } = this;
    const weights = probeWeights(context);
    let largest = 0;
    if (weights.length === 0) {
      largest = operations.checkAccesses(context);
      this.workNs += this.perRegion(this.parts.costs.check);
    }
    const wantsLargest = weights.length > 0 && this.isAggregating();
    const sum = operations.applyProbes(context, weights.length > 0, wantsLargest);
    return wantsLargest ? sum : largest;
  }

  private isAggregating(): boolean {
    return this.context.passed >= this.latchedAggregation;
  }

  private merge(largest: number): void {
    const { attributes } = this.context;
    const limits = {
      size: this.limit,
      regions: attributes.mostRegions,
      samples: Math.floor(attributes.aggregationUs / atLeastOne(attributes.sampleUs)),
    };
    const score = { weights: probeWeights(this.context) };
    mergeAll(this.lists, Math.floor(largest / 10), limits, score, this.parts.generation.core);
    this.limit = this.limitRegions();
    this.workNs += this.perRegion(this.parts.costs.aggregate);
  }

  private limitRegions(): number {
    const { attributes, leastRegion } = this.context;
    if (this.parts.generation.core.enforcesMinimum) {
      return chopOversized(this.lists, attributes.leastRegions, leastRegion);
    }
    let total = 0;
    for (const list of this.lists) total += list.totalSize();
    return Math.max(Math.floor(total / attributes.leastRegions), leastRegion);
  }

  private apply(now: Nanoseconds): void {
    const { memory, generation } = this.parts;
    const { context, operations } = this;
    const time = { ns: now + this.workNs };
    applySchemes({ context, memory, operations, behaviour: generation.core, watcher: this, time });
    this.workNs = time.ns - now + this.perRegion(this.parts.costs.consider);
  }

  private closeAggregation(): void {
    const { context, parts } = this;
    if (context.attributes.goal.aggregations > 0 && context.passed >= context.nextTune) this.tune();
    const { aggregationUs, sampleUs, mostRegions } = context.attributes;
    context.nextAggregation = this.latchedAggregation + Math.floor(aggregationUs / atLeastOne(sampleUs));
    this.tracing.regions(context);
    for (const list of this.lists) list.closeAggregation();
    const limits = { mostRegions, minimumSize: context.leastRegion };
    splitAll(this.lists, limits, parts.splitMemory, parts.random, parts.generation.core);
  }

  private tune(): void {
    const { context } = this;
    context.nextAggregation = this.latchedAggregation;
    context.nextTune += context.attributes.samplesPerAggregation * context.attributes.goal.aggregations;
    if (tuneIntervals(context)) this.tracing.tuned(context.attributes.sampleUs);
  }

  private updateTargets(): void {
    const { context, operations, parts } = this;
    const sample = atLeastOne(context.attributes.sampleUs);
    context.nextUpdate = this.latchedUpdate + Math.floor(context.attributes.updateUs / sample);
    operations.update(context);
    this.workNs += context.targets.length * parts.costs.vma * 32;
  }

  private mustStop(): boolean {
    if (this.stopAsked) return true;
    const { isValid } = this.operations;
    return isValid !== undefined && !this.context.targets.some((target) => isValid(target));
  }

  private runCalls(now: Nanoseconds): void {
    this.parts.repeat(now);
    const calls = this.calls;
    this.calls = [];
    for (const call of calls) {
      if (this.corrupted) this.calls.push(call);
      else call.answer = call.run();
    }
  }

  private cancelWalk(): void {
    if (this.walk === undefined) return;
    this.walk.answer = failure('ECANCELED');
    this.walk = undefined;
  }

  /** The walk is over when every scheme has finished a pass since it began. */
  private completeWalk(scheme: Scheme): void {
    if (this.walk === undefined) return;
    scheme.walkDone = true;
    if (!this.context.schemes.every((other) => other.walkDone)) return;
    for (const other of this.context.schemes) other.walkDone = false;
    this.walk.answer = success(undefined);
    this.walk = undefined;
  }

  private end(): undefined {
    this.phase = 'ended';
    this.context.targets = [];
    for (const call of this.calls) call.answer = failure('ECANCELED');
    this.calls = [];
    this.cancelWalk();
    return undefined;
  }

  private sleepIn(phase: Phase, us: number): number {
    this.phase = phase;
    return us;
  }

  /** Tick sleeps take the interval as 32 bits (usecs_to_jiffies()) and end on a tick. */
  private wakeTime(from: Nanoseconds, us: number): Nanoseconds {
    this.sleepsByTicks = us >= TICK_SLEEP_US;
    if (!this.sleepsByTicks) return from + us * 1000;
    const ticks = Math.ceil(((us % 2 ** 32) * 1000) / TICK_NS);
    return Math.max(from, (ticksAt(from) + ticks) * TICK_NS);
  }

  private perRegion(ns: Nanoseconds): Nanoseconds {
    let regions = 0;
    for (const target of this.context.targets) regions += target.regions.count;
    return regions * ns;
  }
}
