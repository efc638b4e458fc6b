/**
 * The user's own metric must not get worse than a bound. Readings become batches of some seconds (their middle, so that
 * one reading decides nothing). What batches do while Octavo does not act is learned first; after an act, batches are bet against
 * by a sequential test. Where a control is read at the same moments, only what the target does differently from it counts,
 * and what both do (load, time of day) cancels out. Without one, the last minutes before the act are the measure, and they
 * are taken anew every ten minutes, so that the course of a day is not taken for an effect.
 */
import type { Fraction, Milliseconds } from '../vocabulary/units.js';
import { type Batch, Batches } from './batches.js';
import {
  blind,
  CLEAR,
  type Guard,
  type GuardReading,
  type MetricReading,
  objecting,
  type Verdict,
} from './guard.js';
import { median, type Noise, noiseOf } from './usual-noise.js';
import { WorseningTest } from './worsening-test.js';

/** What counts as worse, and by how much it may be. */
export interface MetricOptions {
  /** What the user calls it; for reasons. */
  readonly name: string;
  /** Which way is worse: latency gets worse upwards, throughput downwards. */
  readonly worse: 'higher' | 'lower';
  /** How much worse it may get, as a share of what it was. */
  readonly margin: Fraction;
  /** A value that it must not pass, whatever it was before. */
  readonly limit?: number;
}

/** 10 % worse than usual. */
export const USUAL_MARGIN: Fraction = 0.1;

/** Batches to learn from before the first act; a minute. */
const FEWEST_BATCHES = 12;
/** Batches that are remembered: ten minutes. */
const MOST_BATCHES = 120;
/** What was usual is taken anew so long after an act that began a time of watching. */
const WATCH_MS: Milliseconds = 600_000;
/** An act has shown what it does after so long. */
const AFTER_ACT_MS: Milliseconds = 300_000;
/** Without a value for so long the metric is not there. */
const ABSENT_MS: Milliseconds = 30_000;
/** On average, a stop for nothing in so many batches of watching: 100 hours of batches of 5 s. */
const PATIENCE = 72_000;
/** What lasts for less than 20 seconds does not stop it; where longer bursts come by themselves, for less than 50. */
const LEAST_BATCHES = 5;
const MOST_LEAST_BATCHES = 10;
/** From so many spreads beyond the bound on a run of batches is a burst. */
const BURST_SPREADS = 1.5;
/** A metric that stays worse for so long after a stop is taken for the new usual: something else has changed. */
const LASTING_MS: Milliseconds = 3_600_000;
/** A metric that varies by less is taken to vary by so much. */
const LEAST_SPREAD = 0.002;

interface Watch {
  readonly noise: Noise;
  readonly before: { readonly value: number; readonly control: number | undefined };
  readonly test: WorseningTest;
  readonly beganMs: Milliseconds;
  lastActMs: Milliseconds;
  /** Batches since the first act, for the reason. */
  readonly since: number[];
}

/** Learns the metric while Octavo does not act, and stops when it is surely worse after an act. */
export class MetricGuard implements Guard {
  readonly name = 'metric';
  readonly #options: MetricOptions;
  readonly #batches = new Batches();
  #usual: Batch[] = [];
  #watch: Watch | undefined;
  /** The time of watching that ended with a stop, until what is usual was learned behind it. */
  #stopped: { readonly watch: Watch; readonly atMs: Milliseconds } | undefined;
  #lastValueMs: Milliseconds | undefined;
  #firstMs: Milliseconds | undefined;

  constructor(options: MetricOptions) {
    this.#options = options;
  }

  observe(nowMs: Milliseconds, { metric }: GuardReading): Verdict {
    this.#firstMs ??= nowMs;
    if (metric?.acted === true) this.#acted(nowMs);
    const batch = usable(metric) ? this.#take(nowMs, metric) : undefined;
    const absent = this.#absence(nowMs, metric);
    if (absent !== undefined) return absent;
    const worse = batch === undefined ? undefined : this.#judge(nowMs, batch);
    if (worse !== undefined) return worse;
    if (this.#usual.length < FEWEST_BATCHES) return objecting(this.name, 'hold', this.#learning());
    return isStill(this.#usual) ? blind(`${this.#options.name} does not move: it shows nothing`) : CLEAR;
  }

  #take(nowMs: Milliseconds, { value, control }: Usable): Batch | undefined {
    this.#lastValueMs = nowMs;
    return this.#batches.add(nowMs, value, control);
  }

  #absence(nowMs: Milliseconds, metric: MetricReading | undefined): Verdict | undefined {
    const since = this.#lastValueMs ?? this.#firstMs ?? nowMs;
    // A clock that was set back starts to count anew.
    if (nowMs < since) this.#lastValueMs = nowMs;
    if (nowMs - since < ABSENT_MS) return undefined;
    const problem = metric?.problem ?? 'it gives no number';
    const seconds = Math.round((nowMs - since) / 1000);
    return objecting(this.name, 'hold', `${this.#options.name} cannot be read for ${seconds} s: ${problem}`);
  }

  #learning(): string {
    const seconds = (this.#usual.length / FEWEST_BATCHES) * 100;
    return `learning what ${this.#options.name} does by itself (${Math.floor(seconds)} %)`;
  }

  /** An act begins a time of watching, with what was usual until then as the measure. */
  #acted(nowMs: Milliseconds): void {
    const watch = this.#watch;
    if (watch !== undefined && !this.#isOver(watch, nowMs)) {
      watch.lastActMs = nowMs;
      return;
    }
    if (this.#usual.length < FEWEST_BATCHES) return;
    this.#watch = watchFrom(this.#usual, nowMs, this.#options);
  }

  /** Where something is under suspicion, what was usual is not taken anew: it would be a part of it. */
  #isOver({ beganMs, test }: Watch, nowMs: Milliseconds): boolean {
    return test.suspicion < 0.1 && Math.abs(nowMs - beganMs) > WATCH_MS;
  }

  #judge(nowMs: Milliseconds, batch: Batch): Verdict | undefined {
    if (this.#isStillWorse(nowMs, batch)) return objecting(this.name, 'hold', this.#notBack());
    this.#usual = [...this.#usual, batch].slice(-MOST_BATCHES);
    if (this.#usual.length >= FEWEST_BATCHES) this.#stopped = undefined;
    const watch = this.#watch;
    if (watch === undefined) return undefined;
    if (Math.abs(nowMs - watch.lastActMs) > AFTER_ACT_MS && watch.test.suspicion < 0.1) {
      this.#watch = undefined;
      return undefined;
    }
    const worsening = worseningOf(batch, watch.before, this.#options);
    watch.since.push(worsening);
    const beyond = (worsening - watch.noise.centre - this.#bound(watch)) / watch.noise.spread;
    if (!watch.test.add(beyond)) return undefined;
    const why = this.#reason(watch);
    // What follows is learned anew, as far as it is no longer what stopped it.
    this.#stopped = { watch, atMs: nowMs };
    this.#watch = undefined;
    this.#usual = [];
    return objecting(this.name, 'stop', why);
  }

  /** What an act has done to the metric, and has not gone yet, must not be taken for what is usual. */
  #isStillWorse(nowMs: Milliseconds, batch: Batch): boolean {
    if (this.#stopped === undefined) return false;
    const { watch, atMs } = this.#stopped;
    if (Math.abs(nowMs - atMs) > LASTING_MS) return false;
    return worseningOf(batch, watch.before, this.#options) - watch.noise.centre > this.#bound(watch);
  }

  #notBack(): string {
    const before = this.#stopped?.watch.before.value ?? Number.NaN;
    return `${this.#options.name} has not come back yet to what it was before the stop (${shown(before)})`;
  }

  /** How much worse than usual it may be: the margin, or what is left up to the limit. */
  #bound({ noise, before }: Watch): number {
    const { margin, limit } = this.#options;
    const room =
      limit === undefined
        ? undefined
        : worseningOf({ value: limit, control: before.control }, before, this.#options);
    const bound = room === undefined ? margin : Math.min(margin, Math.max(0, room - noise.centre));
    return bound + noise.centreError;
  }

  #reason({ since, noise, before, test: _ }: Watch): string {
    const { name, margin, limit, worse } = this.#options;
    const lately = since.slice(-LEAST_BATCHES);
    const found = median(lately) - noise.centre;
    const value = before.value * (1 + (worse === 'higher' ? found : -found));
    const against = before.control === undefined ? 'before' : 'what its control does';
    const bounds = `bound is ${percentOf(margin)}${limit === undefined ? '' : `, or the value ${shown(limit)}`}`;
    return `${name} is ${percentOf(found)} worse than ${against} (${shown(before.value)} became ${shown(value)}); ${bounds}`;
  }
}

type Usable = MetricReading & { readonly value: number };

/** A value that is a number, and a control that is one where there is a control at all. */
function usable(metric: MetricReading | undefined): metric is Usable {
  if (metric?.value === undefined || !Number.isFinite(metric.value)) return false;
  return metric.control === undefined || Number.isFinite(metric.control);
}

function watchFrom(usual: readonly Batch[], nowMs: Milliseconds, options: MetricOptions): Watch {
  const controls = usual.flatMap(({ control }) => (control === undefined ? [] : [control]));
  const before = {
    value: median(usual.map(({ value }) => value)),
    // A control that is not always there is none.
    control: controls.length === usual.length ? median(controls) : undefined,
  };
  const noise = noiseOf(
    usual.map((batch) => worseningOf(batch, before, options)),
    LEAST_SPREAD,
  );
  // Bursts that come and go by themselves, as large as what is looked for.
  const longest = noise.longestRun(options.margin + noise.centreError + BURST_SPREADS * noise.spread);
  const leastBatches = Math.max(LEAST_BATCHES, Math.min(MOST_LEAST_BATCHES, 2 * longest + 2));
  const test = new WorseningTest({ patience: PATIENCE, leastBatches });
  return { noise, before, test, beganMs: nowMs, lastActMs: nowMs, since: [] };
}

/** No change is taken for more than this many times the value: one reading of 1e300 is as bad as one of 100 times. */
const MOST_WORSENING = 100;

/** How much worse a batch is than what was before, as a share of it; of what its control does not do as well. */
function worseningOf(
  { value, control }: Pick<Batch, 'value' | 'control'>,
  before: Watch['before'],
  { worse }: MetricOptions,
): number {
  const own = relative(value, before.value);
  const others =
    before.control === undefined || control === undefined ? 0 : relative(control, before.control);
  const higher = Math.max(-MOST_WORSENING, Math.min(MOST_WORSENING, own - others));
  return worse === 'higher' ? higher : -higher;
}

/** As a share of what it was; of 1 where it was nothing. */
function relative(value: number, before: number): number {
  return (value - before) / (Math.abs(before) || 1);
}

function isStill(usual: readonly Batch[]): boolean {
  return usual.every(({ value }) => value === usual[0].value);
}

const percentOf = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
const shown = (value: number): string => String(Number(value.toPrecision(3)));
