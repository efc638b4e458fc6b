/**
 * One kdamond: the thread that samples, merges, applies schemes and takes commands, strictly in turn
 * (mm/damon/core.c kdamond_fn()). It is a state machine on virtual time, so that it can be stopped anywhere.
 */
import { failure } from '../../../../base/result.js';
import type { Nanoseconds, ProcessId } from '../../../../vocabulary/units.js';
import { limitRegions, mergeRegions, startNextAggregation, tuneIfDue } from './aggregation.js';
import { atLeastOne, type Context, probeWeights, type Scheme, scheduleScheme } from './context.js';
import { setDefaults } from './core-filters.js';
import type { Generation } from './generations.js';
import { type Call, KdamondCalls, type Walk } from './kdamond-calls.js';
import { KdamondTracing } from './kdamond-tracing.js';
import type { MonitoredMemory } from './monitored-memory.js';
import type { MonitoringCosts } from './monitoring-costs.js';
import type { Operations, OperationsTable } from './operations.js';
import { TICK_NS, ticksAt } from './quotas.js';
import type { SplitMemory } from './region-dynamics.js';
import type { RegionList } from './region-list.js';
import { applySchemes, type SchemeWatcher } from './schemes.js';
import type { Tausworthe } from './tausworthe.js';
import type { TraceSink } from './trace.js';
import { watermarkWaitUs } from './watermarks.js';

/** What a kdamond is made of. */
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

/** Runs whenever virtual time reaches `nextAt`, and says when it runs next. */
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
  #phase: Phase = 'head';
  #stopAsked = false;
  #sleepsByTicks = false;
  #begun = false;
  /** Size that merged regions may have. */
  #limit = 0;
  /** Shortest wait of any scheme since the watermarks closed the gate; undefined while it is open. */
  #gateWaitUs: number | undefined;
  #latchedAggregation = 0;
  #latchedUpdate = 0;
  #workNs = 0;
  readonly #parts: KdamondParts;
  readonly #tracing: KdamondTracing;
  readonly #calls = new KdamondCalls();

  constructor(pid: ProcessId, name: string, context: Context, parts: KdamondParts) {
    this.pid = pid;
    this.name = name;
    this.context = context;
    this.#parts = parts;
    this.#tracing = new KdamondTracing(parts.trace, parts.generation.traceEvents, pid, name);
    this.wakeAt = parts.memory.nowNs();
    this.#initialize();
  }

  get isRunning(): boolean {
    return this.#phase !== 'ended';
  }

  /** Runs from one sleep to the next. */
  run(now: Nanoseconds): void {
    this.#workNs = this.#parts.costs.wake;
    const sleepUs = this.#turn(now);
    this.cpuNs += this.#workNs;
    this.wakeAt =
      sleepUs === undefined ? Number.POSITIVE_INFINITY : this.#wakeTime(now + this.#workNs, sleepUs);
  }

  /** Asks the thread to end. A tick sleep is cut short; a shorter one runs out. */
  stop(): void {
    this.#stopAsked = true;
    if (this.#sleepsByTicks) this.wakeAt = Math.min(this.wakeAt, this.#parts.memory.nowNs());
  }

  /** Queues a command for the next call point. */
  call(call: Call): void {
    if (this.isRunning) this.#calls.add(call);
    else call.answer = failure('ECANCELED');
  }

  /** Installs a walk. EBUSY while another one is under way. */
  startWalk(walk: Walk): void {
    if (this.isRunning) this.#calls.startWalk(walk);
    else walk.answer = failure('ECANCELED');
  }

  beforeApply(scheme: number, target: number, regions: RegionList, index: number, accesses: number): void {
    this.#tracing.beforeApply(scheme, target, regions, index, accesses);
  }

  tried(scheme: Scheme, regions: RegionList, index: number, accesses: number, passed: number): void {
    this.#calls.tried(this.context, scheme, { regions, index, accesses, passed });
  }

  passed(scheme: Scheme): void {
    this.#calls.passed(this.context, scheme);
    this.#tracing.passed(this.context, scheme);
  }

  effectiveChanged(scheme: Scheme): void {
    this.#tracing.effectiveChanged(this.context, scheme);
  }

  get #operations(): Operations {
    return this.#parts.operations[this.context.operations];
  }

  #initialize(): void {
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
  #turn(now: Nanoseconds): number | undefined {
    switch (this.#phase) {
      case 'head':
        if (!this.#begun) this.#begin();
        return this.#head(now);
      case 'gated':
        return this.#afterGate(now);
      case 'sampled':
        return this.#afterSample(now);
      case 'paused':
        return this.#afterPause(now);
      case 'ended':
        return undefined;
    }
  }

  #begin(): void {
    this.#begun = true;
    this.#operations.initialize(this.context);
    this.#limit = limitRegions(this.context);
  }

  #head(now: Nanoseconds): number | undefined {
    if (this.#mustStop()) return this.#end();
    this.#latchedAggregation = this.context.nextAggregation;
    this.#latchedUpdate = this.context.nextUpdate;
    this.#gateWaitUs = undefined;
    return this.#gate(now);
  }

  #gate(now: Nanoseconds): number | undefined {
    if (this.#mustStop()) return this.#end();
    const wait = this.#watermarkWait();
    if (wait > 0) return this.#sleepIn('gated', wait);
    if (probeWeights(this.context).length === 0) {
      this.#operations.prepareChecks(this.context);
      this.#workNs += this.#perRegion(this.#walkCost('prepare'));
    }
    if (this.#callsBeforeSleep && !this.#runCalls(now, false)) return this.#end();
    return this.#sleepIn('sampled', this.context.attributes.sampleUs);
  }

  /** The shortest wait of any scheme, also of the checks before: 0 as soon as one is active. */
  #watermarkWait(): number {
    for (const scheme of this.context.schemes) {
      const wait = watermarkWaitUs(scheme, this.#parts.memory.metrics);
      this.#gateWaitUs = Math.min(this.#gateWaitUs ?? wait, wait);
    }
    return this.#gateWaitUs ?? 0;
  }

  #afterGate(now: Nanoseconds): number | undefined {
    if (!this.#runCalls(now, false)) return this.#end();
    this.#calls.cancelWalk();
    return this.#gate(now);
  }

  #afterSample(now: Nanoseconds): number | undefined {
    const { context } = this;
    context.passed++;
    const largest = this.#check();
    if (this.#isAggregating()) this.#merge(largest);
    const callsNow = !this.#callsBeforeSleep || this.#isAggregating();
    if (callsNow && !this.#runCalls(now, this.#isAggregating())) return this.#end();
    return context.paused ? this.#pause() : this.#tail(now);
  }

  #pause(): number | undefined {
    this.#calls.cancelWalk();
    return this.#sleepIn('paused', this.context.attributes.sampleUs);
  }

  #afterPause(now: Nanoseconds): number | undefined {
    if (!this.#runCalls(now, false) || this.#mustStop()) return this.#end();
    return this.context.paused ? this.#pause() : this.#tail(now);
  }

  /** Schemes, the end of an aggregation, the update step; then the next iteration. */
  #tail(now: Nanoseconds): number | undefined {
    if (this.context.schemes.length > 0) this.#apply(now);
    else this.#calls.cancelWalk();
    if (this.#isAggregating()) this.#closeAggregation();
    if (this.context.passed >= this.#latchedUpdate) this.#updateTargets();
    return this.#head(now);
  }

  #check(): number {
    const { context } = this;
    const operations = this.#operations;
    const weights = probeWeights(context);
    let largest = 0;
    if (weights.length === 0) {
      largest = operations.checkAccesses(context);
      this.#workNs += this.#perRegion(this.#walkCost('check'));
    }
    const wantsLargest = weights.length > 0 && this.#isAggregating();
    const sum = operations.applyProbes(context, weights.length > 0, wantsLargest);
    return wantsLargest ? sum : largest;
  }

  #isAggregating(): boolean {
    return this.context.passed >= this.#latchedAggregation;
  }

  #merge(largest: number): void {
    mergeRegions(this.context, largest, this.#limit);
    if (this.context.behaviour.enforcesMinimum) this.#limit = limitRegions(this.context);
    this.#workNs += this.#perRegion(this.#parts.costs.aggregate);
  }

  #apply(now: Nanoseconds): void {
    const { memory } = this.#parts;
    const { context } = this;
    const operations = this.#operations;
    const time = { ns: now + this.#workNs };
    applySchemes({ context, memory, operations, watcher: this, time });
    this.#workNs = time.ns - now + this.#perRegion(this.#parts.costs.consider);
  }

  #closeAggregation(): void {
    const { context } = this;
    const parts = this.#parts;
    if (tuneIfDue(context, this.#latchedAggregation)) this.#tracing.tuned(context.attributes.sampleUs);
    const { aggregationUs, sampleUs } = context.attributes;
    context.nextAggregation = this.#latchedAggregation + Math.floor(aggregationUs / atLeastOne(sampleUs));
    this.#tracing.regions(context);
    startNextAggregation(context, parts.splitMemory, parts.random);
  }

  #updateTargets(): void {
    const { context } = this;
    const operations = this.#operations;
    const parts = this.#parts;
    const sample = atLeastOne(context.attributes.sampleUs);
    context.nextUpdate = this.#latchedUpdate + Math.floor(context.attributes.updateUs / sample);
    this.#workNs += operations.update(context) * parts.costs.vma;
    if (!context.behaviour.enforcesMinimum) this.#limit = limitRegions(context);
  }

  #mustStop(): boolean {
    if (this.#stopAsked) return true;
    const { isValid } = this.#operations;
    return isValid !== undefined && !this.context.targets.some((target) => isValid(target));
  }

  /** Commands are run before each sample's sleep, not after it. */
  get #callsBeforeSleep(): boolean {
    return this.#parts.generation.answers.calls === 'polled';
  }

  /** False when the thread has to leave for what a command did. */
  #runCalls(now: Nanoseconds, aggregated: boolean): boolean {
    this.#parts.repeat(now);
    this.#calls.run(aggregated, () => this.corrupted);
    return !this.corrupted;
  }

  #end(): undefined {
    this.#phase = 'ended';
    this.context.targets = [];
    this.#calls.cancelAll();
    return undefined;
  }

  #sleepIn(phase: Phase, us: number): number {
    this.#phase = phase;
    return us;
  }

  /** Tick sleeps take the interval as 32 bits (usecs_to_jiffies()) and end on a tick. */
  #wakeTime(from: Nanoseconds, us: number): Nanoseconds {
    this.#sleepsByTicks = us >= this.context.behaviour.tickSleepUs;
    if (!this.#sleepsByTicks) return from + us * 1000;
    const ticks = Math.ceil(((us % 2 ** 32) * 1000) / TICK_NS);
    return Math.max(from, (ticksAt(from) + ticks) * TICK_NS);
  }

  /** One look at a page, by the page table of a process or by reverse mapping. */
  #walkCost(step: 'prepare' | 'check'): Nanoseconds {
    const { costs } = this.#parts;
    return this.context.operations === 'paddr' ? costs.physical : costs[step];
  }

  #perRegion(ns: Nanoseconds): Nanoseconds {
    let regions = 0;
    for (const target of this.context.targets) regions += target.regions.count;
    return regions * ns;
  }
}
