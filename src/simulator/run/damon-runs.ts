/**
 * The kdamonds of a scenario: set up through the model's files in the order a controller uses, turned on at their
 * time, and told about in the outcome.
 */

import type { Kdamond } from '../../model/kernel/damon/core/kdamond.js';
import { KDAMONDS_PATH } from '../../model/kernel/damon/on-model/model-damon.js';
import type { Bytes, Milliseconds } from '../../vocabulary/units.js';
import type { KdamondDescription, SchemeDescription } from '../scenario/damon-text.js';
import { type Machine, writeFile } from './host-machine.js';
import type { RunningProcess } from './running-process.js';

/** What a scheme did. */
export interface SchemeOutcome {
  readonly action: string;
  readonly order: number;
  readonly tried: number;
  readonly triedBytes: Bytes;
  readonly applied: number;
  readonly appliedBytes: Bytes;
  readonly quotaExceeds: number;
  readonly passes: number;
}

/** What a kdamond saw, did and cost. */
export interface KdamondOutcome {
  readonly name: string;
  readonly operations: string;
  readonly running: boolean;
  readonly cpuMs: Milliseconds;
  /** Means over the aggregations after the warm-up. */
  readonly regions: number;
  /** Bytes weighted by the share of samples with access: what DAMON takes for hot. */
  readonly hotBytes: Bytes;
  /** Bytes of regions with any access at all. */
  readonly touchedBytes: Bytes;
  readonly schemes: readonly SchemeOutcome[];
}

type FindProcess = (name: string) => RunningProcess;

const UNLIMITED = '18446744073709551615';
const microseconds = (ns: number): number => Math.round(ns / 1000);

/** Sets the kdamonds of a scenario up and starts them. */
export class DamonRuns {
  readonly #machine: Machine;
  readonly #find: FindProcess;

  constructor(machine: Machine, find: FindProcess) {
    this.#machine = machine;
    this.#find = find;
    const { length } = machine.scenario.damon;
    if (length > 0) this.#write('nr_kdamonds', length);
  }

  /** Writes everything of one kdamond, counts before what they count, and turns it on. */
  start(index: number): void {
    const about = this.#machine.scenario.damon[index];
    this.#write(`${index}/contexts/nr_contexts`, 1);
    const context = `${index}/contexts/0`;
    this.#write(`${context}/operations`, about.operations);
    this.#writeMonitoring(`${context}/monitoring_attrs`, about);
    this.#writeTargets(`${context}/targets`, about);
    this.#write(`${context}/schemes/nr_schemes`, about.schemes.length);
    about.schemes.forEach((scheme, place) => {
      this.#writeScheme(`${context}/schemes/${place}`, scheme);
    });
    this.#write(`${index}/state`, 'on');
  }

  outcomes(): KdamondOutcome[] {
    return this.#machine.scenario.damon.flatMap((about, index) => {
      const kdamond = this.#machine.damon.kdamondOf(index);
      return kdamond === undefined ? [] : [this.#outcomeOf(about, kdamond)];
    });
  }

  #writeMonitoring(path: string, about: KdamondDescription): void {
    this.#write(`${path}/intervals/sample_us`, microseconds(about.sample));
    this.#write(`${path}/intervals/aggr_us`, microseconds(about.aggregation));
    this.#write(`${path}/intervals/update_us`, microseconds(about.update));
    const [least, most] = about.regions;
    this.#write(`${path}/nr_regions/max`, most);
    this.#write(`${path}/nr_regions/min`, least);
  }

  #writeTargets(path: string, { targets, operations }: KdamondDescription): void {
    if (operations === 'paddr') {
      this.#write(`${path}/nr_targets`, 1);
      const { frames, geometry } = this.#machine.kernel;
      this.#writeRegion(`${path}/0`, 0, frames.count * geometry.pageBytes);
      return;
    }
    this.#write(`${path}/nr_targets`, targets.length);
    targets.forEach((name, place) => {
      const { task, window } = this.#find(name);
      this.#write(`${path}/${place}/pid_target`, task.pid);
      const { pageBytes } = this.#machine.kernel.geometry;
      const start = window.firstPage * pageBytes;
      if (operations === 'fvaddr') {
        this.#writeRegion(`${path}/${place}`, start, start + window.pages * pageBytes);
      }
    });
  }

  #writeRegion(target: string, start: Bytes, end: Bytes): void {
    this.#write(`${target}/regions/nr_regions`, 1);
    this.#write(`${target}/regions/0/start`, start);
    this.#write(`${target}/regions/0/end`, end);
  }

  #writeScheme(path: string, scheme: SchemeDescription): void {
    this.#write(`${path}/action`, scheme.action);
    if (scheme.order !== undefined) this.#write(`${path}/target_order`, scheme.order);
    const [least, most] = scheme.size;
    if (least > 0) this.#write(`${path}/access_pattern/sz/min`, least);
    this.#write(`${path}/access_pattern/sz/max`, most === 'max' ? UNLIMITED : most);
    for (const [name, interval] of [
      ['nr_accesses', scheme.accesses],
      ['age', scheme.age],
    ] as const) {
      // biome-ignore format: a table
      this.#write(`${path}/access_pattern/${name}/min`, interval[0]);
      this.#write(`${path}/access_pattern/${name}/max`, interval[1]);
    }
    if (scheme.every !== undefined) this.#write(`${path}/apply_interval_us`, microseconds(scheme.every));
    if (scheme.passes !== undefined) this.#write(`${path}/stats/max_nr_snapshots`, scheme.passes);
    this.#writeQuota(`${path}/quotas`, scheme);
    this.#writeFilters(`${path}/core_filters`, scheme);
  }

  #writeQuota(path: string, { quota }: SchemeDescription): void {
    if (quota === undefined) return;
    this.#write(`${path}/bytes`, quota.bytes);
    this.#write(`${path}/ms`, Math.round(quota.time / 1e6));
    this.#write(`${path}/reset_interval_ms`, Math.round(quota.window / 1e6));
    if (quota.goal === undefined) return;
    this.#write(`${path}/goals/nr_goals`, 1);
    this.#write(`${path}/goals/0/target_metric`, quota.goal.metric);
    this.#write(`${path}/goals/0/target_value`, quota.goal.target);
  }

  /** One allow filter a range: what matches none is rejected by the last one's default. */
  #writeFilters(path: string, { only }: SchemeDescription): void {
    if (only.length === 0) return;
    this.#write(`${path}/nr_filters`, only.length);
    only.forEach(({ process, from, bytes }, place) => {
      const start = this.#find(process).window.firstPage * this.#machine.kernel.geometry.pageBytes + from;
      this.#write(`${path}/${place}/type`, 'addr');
      this.#write(`${path}/${place}/matching`, 'Y');
      this.#write(`${path}/${place}/allow`, 'Y');
      this.#write(`${path}/${place}/addr_start`, start);
      this.#write(`${path}/${place}/addr_end`, start + bytes);
    });
  }

  #write(path: string, text: string | number): void {
    writeFile(this.#machine.host, `${KDAMONDS_PATH}/${path}`, `${text}`);
  }

  #outcomeOf(about: KdamondDescription, kdamond: Kdamond): KdamondOutcome {
    const seen = this.#machine.observed.of(kdamond.pid);
    const aggregations = Math.max(1, Math.round(seen.aggregations));
    const samples = Math.max(1, Math.floor(about.aggregation / Math.max(1, about.sample)));
    return {
      name: kdamond.name,
      operations: about.operations,
      running: kdamond.isRunning,
      cpuMs: kdamond.cpuNs / 1e6,
      regions: seen.regions / aggregations,
      hotBytes: Math.round(seen.accessBytes / samples / aggregations),
      touchedBytes: Math.round(seen.touchedBytes / aggregations),
      schemes: kdamond.context.schemes.map(({ parameters, statistics }) => ({
        action: parameters.action,
        order: parameters.targetOrder,
        tried: statistics.tried,
        triedBytes: statistics.triedBytes,
        applied: statistics.applied,
        appliedBytes: statistics.appliedBytes,
        quotaExceeds: statistics.quotaExceeds,
        passes: statistics.snapshots,
      })),
    };
  }
}
