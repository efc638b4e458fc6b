/**
 * Recorded DAMON results: json, json_compressed, text of perf script, and perf.data of damon:damon_aggregated. DAMON
 * speaks of regions, so a row stands for a whole block that an accessed region covers, and the origin says that it
 * sees nothing below: no policy that needs sub-page heat builds on it.
 */
import type { RegionRecord } from '../formats/damo-record/region.js';
import { NO_PAGE, type SampleColumns, type SampleOrigin, sampleColumns } from '../vocabulary/sample.js';
import type { PageGeometry, ProcessId } from '../vocabulary/units.js';
import type { Reading, Source, SourceAccount } from './source.js';

const ROWS = 4096;
/** A region of more blocks says nothing of any one of them. */
const MOST_BLOCKS = 1 << 17;

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
}

export class DamoRecordSource implements Source {
  readonly name = 'damo-record';
  private readonly input: DamoInput;
  private readonly targets = new Map<string, ProcessId>();
  private tooLarge = 0;
  private idle = 0;

  constructor(input: DamoInput) {
    this.input = input;
  }

  get origin(): SampleOrigin {
    const times = this.input.regions.map((region) => region.endNs);
    const spread =
      times.reduce((most, time) => Math.max(most, time), 0) -
      times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
    return {
      source: this.name,
      detail: this.input.path,
      tells: 'heat',
      granularity: {
        pages: this.input.geometry.pagesPerBlock,
        blindInsideHugePages: true,
        blindToCachedTranslations: true,
      },
      windowNs: Number.isFinite(spread) ? spread : undefined,
    };
  }

  account(): SourceAccount {
    const losses: Record<string, number> = {};
    if (this.tooLarge > 0) losses['regions too large to say anything of their blocks'] = this.tooLarge;
    if (this.idle > 0) losses['regions without accesses'] = this.idle;
    const notes = [
      'DAMON records hold regions: they tell which blocks were in use, never which sub-pages of them.',
    ];
    if (this.targets.size > this.input.pids.length) {
      notes.push(
        `The record has ${this.targets.size} targets without a process: name their pids in order with --pid.`,
      );
    }
    return { losses, bytesRead: this.input.bytesRead, notes };
  }

  async *read(): AsyncIterable<Reading> {
    for (const batch of this.batches()) yield { kind: 'samples', batch };
  }

  *batches(): Iterable<SampleColumns> {
    const batch = sampleColumns(ROWS);
    for (const region of this.input.regions) {
      const pid = this.processOf(region.target);
      if (region.accesses === 0) this.idle++;
      else yield* this.rows(region, pid, batch);
    }
    if (batch.count > 0) yield batch;
  }

  private *rows(region: RegionRecord, pid: ProcessId, batch: SampleColumns): Iterable<SampleColumns> {
    const { geometry } = this.input;
    const first = Math.floor(region.start / geometry.blockBytes);
    const end = Math.ceil(region.end / geometry.blockBytes);
    if (end - first > MOST_BLOCKS) {
      this.tooLarge++;
      return;
    }
    for (let block = first; block < end; block++) {
      this.put(batch, region, pid, block * geometry.pagesPerBlock);
      if (batch.count < ROWS) continue;
      yield batch;
      batch.count = 0;
    }
  }

  private put(batch: SampleColumns, region: RegionRecord, pid: ProcessId, page: number): void {
    const row = batch.count++;
    batch.time[row] = region.endNs;
    batch.pid[row] = pid;
    batch.tid[row] = -1;
    batch.virtualPage[row] = this.input.isPhysical ? NO_PAGE : page;
    batch.physicalPage[row] = this.input.isPhysical ? page : NO_PAGE;
    batch.kind[row] = 0;
    batch.weight[row] = region.accesses;
    batch.flags[row] = 0;
  }

  private processOf(target: string): ProcessId {
    const known = this.targets.get(target);
    if (known !== undefined) return known;
    const pid = this.input.pids[this.targets.size] ?? -1;
    this.targets.set(target, pid);
    return pid;
  }
}
