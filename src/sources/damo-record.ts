/**
 * Recorded DAMON results: json, json_compressed, text of perf script, and perf.data of damon:damon_aggregated. DAMON
 * speaks of regions, so a row stands for a whole block that accessed regions cover, and the origin says that it sees
 * nothing below: no policy that needs sub-page heat builds on it.
 */
import type { RegionRecord } from '../formats/damo-record/region.js';
import { Fingerprint } from '../vocabulary/fingerprint.js';
import type { HeatProvenance, RecordedSpan, RecordingFacts } from '../vocabulary/recording.js';
import {
  COMPLETE,
  NO_PAGE,
  type SampleBatch,
  type SampleColumns,
  type SampleOrigin,
  sampleColumns,
} from '../vocabulary/sample.js';
import type { PageGeometry, ProcessId } from '../vocabulary/units.js';
import { type BlockHeat, blockHeat, type RegionLosses } from './region-heat.js';
import type { Reading, Source, SourceAccount } from './source.js';

const ROWS = 4096;
const EVENT = 'damon:damon_aggregated';

/** A record that was read, and whose memory it is. */
export interface DamoInput {
  /** For messages. */
  readonly path: string;
  readonly regions: readonly RegionRecord[];
  readonly bytesRead: number;
  /** Process of each target, in the order of their first appearance: records hold no pids. */
  readonly pids: readonly ProcessId[];
  /** The recording is of physical memory (damo record paddr). */
  readonly isPhysical: boolean;
  readonly geometry: PageGeometry;
  /** When the record was made, as far as its file tells. */
  readonly span?: RecordedSpan;
}

/** Yields each accessed region as rows of whole blocks. */
export class DamoRecordSource implements Source {
  readonly name = 'damo-record';
  readonly #input: DamoInput;
  readonly #targets = new Map<string, ProcessId>();
  readonly #losses: RegionLosses = { idle: 0, impossible: 0, tooLarge: 0 };

  constructor(input: DamoInput) {
    this.#input = input;
  }

  get origin(): SampleOrigin {
    const times = this.#input.regions.map((region) => region.endNs);
    const spread =
      times.reduce((most, time) => Math.max(most, time), 0) -
      times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
    return {
      source: this.name,
      detail: this.#input.path,
      tells: 'heat',
      granularity: {
        pages: this.#input.geometry.pagesPerBlock,
        blindInsideHugePages: true,
        blindToCachedTranslations: true,
      },
      nature: 'access-bits',
      ...COMPLETE,
      event: EVENT,
      windowNs: Number.isFinite(spread) ? spread : undefined,
    };
  }

  account(): SourceAccount {
    const { idle, impossible, tooLarge } = this.#losses;
    const losses: Record<string, number> = {};
    if (tooLarge > 0) losses['regions too large to say anything of their blocks'] = tooLarge;
    if (impossible > 0) losses['regions with addresses that no machine has'] = impossible;
    if (idle > 0) losses['regions without accesses'] = idle;
    const notes = [
      'DAMON records hold regions: they tell which blocks were in use, never which sub-pages of them.',
    ];
    if (this.#targets.size > this.#input.pids.length) {
      notes.push(
        `The record has ${this.#targets.size} targets without a process: name their pids in order with --pid.`,
      );
    }
    return { losses, bytesRead: this.#input.bytesRead, notes };
  }

  async *read(): AsyncIterable<Reading> {
    for (const batch of this.batches()) yield { kind: 'samples', batch };
  }

  provenance(): HeatProvenance {
    return { recordings: [this.facts()], processes: [], unknown: '' };
  }

  facts(): RecordingFacts {
    const fingerprint = new Fingerprint();
    for (const batch of this.#regionRows()) fingerprint.add(batch);
    return {
      name: this.#input.path,
      fingerprint: fingerprint.digest,
      sketch: fingerprint.sketch,
      samples: this.#input.regions.length,
      event: EVENT,
      nature: 'access-bits',
      period: undefined,
      unseenShare: 0,
      span: this.#input.span,
      bootId: undefined,
      host: '',
      kernel: '',
      cpu: '',
    };
  }

  /**
   * A row for each accessed block of each target: its weight is the accesses, `times` the aggregations with any. With
   * `slices` a row for each of at most so many parts of the record's time.
   */
  *batches(slices = 1): Iterable<SampleBatch> {
    const batch = { ...sampleColumns(ROWS), times: new Float64Array(ROWS) };
    for (const [target, regions] of byTarget(this.#input.regions)) {
      const pid = this.#processOf(target);
      for (const [timeNs, timed] of this.#parted(regions, slices)) {
        for (const heat of blockHeat(timed, this.#input.geometry, this.#losses)) {
          this.#put(batch, heat, pid, timeNs);
          if (batch.count < ROWS) continue;
          yield batch;
          batch.count = 0;
        }
      }
    }
    if (batch.count > 0) yield batch;
  }

  /** Regions by the part of the record's time that they ended in, which is told by the end of its first one. */
  #parted(regions: readonly RegionRecord[], slices: number): Iterable<Timed> {
    const { windowNs } = this.origin;
    if (slices === 1 || windowNs === undefined) return [[Number.NaN, regions]];
    const parts = new Map<number, RegionRecord[]>();
    const first = regions.reduce((least, { endNs }) => Math.min(least, endNs), Number.POSITIVE_INFINITY);
    for (const region of regions) {
      const number = Math.floor(((region.endNs - first) * slices) / (windowNs + 1));
      const part = parts.get(number);
      if (part === undefined) parts.set(number, [region]);
      else part.push(region);
    }
    return [...parts.values()].map((part) => [part[0].endNs, part]);
  }

  #put(batch: TimedColumns, { block, accesses, times }: BlockHeat, pid: ProcessId, timeNs: number): void {
    const page = block * this.#input.geometry.pagesPerBlock;
    const row = batch.count++;
    batch.time[row] = timeNs;
    batch.pid[row] = pid;
    batch.tid[row] = -1;
    batch.virtualPage[row] = this.#input.isPhysical ? NO_PAGE : page;
    batch.physicalPage[row] = this.#input.isPhysical ? page : NO_PAGE;
    batch.kind[row] = 0;
    batch.weight[row] = accesses;
    batch.times[row] = times;
    batch.flags[row] = 0;
  }

  /** The regions themselves as rows, to tell one record from another. */
  *#regionRows(): Iterable<SampleColumns> {
    const batch = sampleColumns(ROWS);
    const targets = new Map<string, number>();
    for (const { target, endNs, start, accesses } of this.#input.regions) {
      const number = targets.get(target) ?? targets.size;
      targets.set(target, number);
      const row = batch.count++;
      batch.time[row] = endNs;
      batch.tid[row] = number * 65536 + accesses;
      batch.virtualPage[row] = Math.floor(start / this.#input.geometry.pageBytes);
      if (batch.count < ROWS) continue;
      yield batch;
      batch.count = 0;
    }
    if (batch.count > 0) yield batch;
  }

  #processOf(target: string): ProcessId {
    const known = this.#targets.get(target);
    if (known !== undefined) return known;
    const pid = this.#input.pids[this.#targets.size] ?? -1;
    this.#targets.set(target, pid);
    return pid;
  }
}

type Timed = readonly [timeNs: number, regions: readonly RegionRecord[]];

type TimedColumns = SampleColumns & { readonly times: Float64Array };

function byTarget(regions: readonly RegionRecord[]): ReadonlyMap<string, readonly RegionRecord[]> {
  const targets = new Map<string, RegionRecord[]>();
  for (const region of regions) {
    const known = targets.get(region.target);
    if (known === undefined) targets.set(region.target, [region]);
    else known.push(region);
  }
  return targets;
}
