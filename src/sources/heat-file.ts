/** Samples from a heat file, as they were counted when it was imported. */
import type { HeatFacts } from '../formats/heat-file/facts.js';
import { HeatFile, type HeatGroup } from '../formats/heat-file/read.js';
import { DamagedParquet } from '../formats/parquet/read.js';
import type { Files } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';
import { NATURES } from '../vocabulary/nature.js';
import { coveredNs, type HeatProvenance } from '../vocabulary/recording.js';
import {
  type Granularity,
  SAMPLE_FLAG,
  type SampleColumns,
  type SampleOrigin,
  sampleColumns,
} from '../vocabulary/sample.js';
import { type PageGeometry, pageGeometry } from '../vocabulary/units.js';
import type { Reading, Source, SourceAccount, SourceContext } from './source.js';

const ROWS = 8192;

/** Whether a file is Parquet, by its first bytes. FILE_UNREADABLE when it cannot be opened. */
export function isHeatFile(files: Files, path: string): boolean {
  const opened = files.open(path);
  if (!opened.ok) throw new OctavoError('FILE_UNREADABLE', { path, errno: opened.error.errno });
  const head = new Uint8Array(4);
  const read = opened.value.read(head, 0);
  opened.value.close();
  return read.ok && String.fromCharCode(...head) === 'PAR1';
}

/** Yields the rows of a heat file as batches. */
export class HeatFileSource implements Source {
  readonly name = 'heat-file';
  readonly facts: HeatFacts;
  readonly geometry: PageGeometry;
  /** Command names by process, known as far as the file has been read. */
  readonly commands = new Map<number, string>();
  readonly path: string;
  readonly #file: HeatFile;
  readonly #bytes: number;

  private constructor(path: string, file: HeatFile, bytes: number) {
    this.path = path;
    this.#file = file;
    this.#bytes = bytes;
    this.facts = file.facts;
    this.geometry = pageGeometry(file.facts.page_bytes, file.facts.block_bytes);
  }

  /** Opens a heat file; FILE_UNREADABLE or FILE_MALFORMED when it cannot be one. */
  static open(files: Files, path: string): HeatFileSource {
    const bytes = files.readBytes(path);
    if (!bytes.ok) throw new OctavoError('FILE_UNREADABLE', { path, errno: bytes.error.errno });
    const file = HeatFile.open(bytes.value);
    if (typeof file === 'string') throw malformed(path, file);
    return new HeatFileSource(path, file, bytes.value.length);
  }

  /** How many there are, as the file says. */
  get rows(): number {
    return this.#file.rows;
  }

  get origin(): SampleOrigin {
    const { origins, nature } = this.facts;
    const ofRows = origins.filter((origin) => origin.nature === nature);
    const first = ofRows[0] ?? origins[0];
    const more = ofRows.length > 1 ? ` and ${ofRows.length - 1} more` : '';
    return {
      source: this.name,
      detail: first === undefined ? this.path : `${this.path} (${first.source}: ${first.detail}${more})`,
      tells: first?.tells ?? 'heat',
      granularity: coarsest(ofRows.map((origin) => origin.granularity)),
      nature,
      event: [...new Set(ofRows.map(({ event }) => event))].join(', '),
      unseenShare: ofRows.reduce((most, { unseenShare }) => Math.max(most, unseenShare), 0),
      fade: 1,
      ...stepsOf(ofRows),
      windowNs:
        coveredNs(this.provenance().recordings.map(({ span }) => span)) ?? first?.windowNs ?? undefined,
    };
  }

  provenance(): HeatProvenance {
    const { recordings, processes, written_as } = this.facts;
    return {
      recordings: recordings.map(({ period, span, bootId, ...rest }) => ({
        ...rest,
        name: `${this.path} (${rest.name})`,
        period: period ?? undefined,
        bootId: bootId ?? undefined,
        span: span === null ? undefined : { ...span, fromMs: span.fromMs ?? undefined },
      })),
      processes:
        written_as === 1
          ? [...this.commands].map(([pid, command]) => ({ pid, command, startTicks: undefined }))
          : processes.map(({ startTicks, ...rest }) => ({ ...rest, startTicks: startTicks ?? undefined })),
      unknown: written_as === 1 ? 'a heat file of version 1 does not say what it was made of' : '',
    };
  }

  account(): SourceAccount {
    const { nature, thinned_to } = this.facts;
    const notes = [
      `${this.path}: samples of ${NATURES[nature].says} (${this.origin.event || 'event not recorded'}).`,
    ];
    if (thinned_to > 1) {
      notes.push(`${this.path}: 1 of ${thinned_to} blocks was kept to bound memory; the others are unknown.`);
    }
    return { losses: this.facts.losses, bytesRead: this.#bytes, notes };
  }

  async *read(context: Pick<SourceContext, 'progress' | 'signal'>): AsyncIterable<Reading> {
    const batch = timedColumns();
    let done = 0;
    for await (const group of this.groups()) {
      if (context.signal.aborted) return;
      for (const full of this.rowsOf(group, batch)) yield { kind: 'samples', batch: full };
      done += group.count;
      context.progress(done, this.#file.rows, 'pages');
    }
  }

  /** Yields the rows themselves, for callers that can use counts instead of samples. */
  async *groups(): AsyncIterable<HeatGroup> {
    try {
      for await (const group of this.#file.groups()) {
        for (let row = 0; row < group.count; row++) this.commands.set(group.pid[row], group.command[row]);
        yield group;
      }
    } catch (problem) {
      if (!(problem instanceof DamagedParquet)) throw problem;
      throw malformed(this.path, problem.message, problem.place);
    }
  }

  /** Rows of a group as samples: one for those of a page, and one for those of them that missed the TLB. */
  *rowsOf(group: HeatGroup, batch = timedColumns()): Iterable<TimedColumns> {
    batch.count = 0;
    for (let row = 0; row < group.count; row++) {
      const samples = group.samples[row];
      const missed = Math.min(samples, group.tlbMisses[row]);
      const page = Number(group.address[row] / BigInt(this.geometry.pageBytes));
      const weight = samples > 0 ? group.accesses[row] / samples : 0;
      const place = { pid: group.pid[row], page, weight, timeMs: group.timeMs[row] };
      if (samples > missed) put(batch, place, samples - missed, 0);
      if (missed > 0) put(batch, place, missed, SAMPLE_FLAG.tlbMiss);
      if (batch.count < ROWS - 1) continue;
      yield batch;
      batch.count = 0;
    }
    if (batch.count > 0) yield batch;
  }
}

type TimedColumns = SampleColumns & { readonly times: Float64Array };

function timedColumns(): TimedColumns {
  return { ...sampleColumns(ROWS), times: new Float64Array(ROWS) };
}

/** What may be built on all of them together is what the least seeing one allows. */
function coarsest(all: readonly Granularity[]): Granularity {
  return {
    pages: all.reduce((most, one) => Math.max(most, one.pages), 1),
    blindInsideHugePages: all.some((one) => one.blindInsideHugePages),
    blindToCachedTranslations: all.some((one) => one.blindToCachedTranslations),
  };
}

interface Place {
  readonly pid: number;
  readonly page: number;
  readonly weight: number;
  readonly timeMs: number;
}

function put(
  batch: TimedColumns,
  { pid, page, weight, timeMs }: Place,
  samples: number,
  flags: number,
): void {
  const at = batch.count++;
  // In the middle of the first millisecond: doubles do not hold the nanoseconds of today exactly.
  batch.time[at] = timeMs < 0 ? Number.NaN : timeMs * 1e6 + 5e5;
  batch.pid[at] = pid;
  batch.tid[at] = -1;
  batch.virtualPage[at] = page;
  batch.physicalPage[at] = -1;
  batch.kind[at] = 0;
  batch.weight[at] = weight * samples;
  batch.times[at] = samples;
  batch.flags[at] = flags;
}

function malformed(path: string, problem: string, place = 'its footer'): OctavoError {
  return new OctavoError('FILE_MALFORMED', { path, problem, place });
}

/** Of several origins it is enough that one may have been in step with what it sampled. */
function stepsOf(origins: HeatFacts['origins']): Pick<SampleOrigin, 'stepPeriods'> {
  const periods = new Set(origins.flatMap(({ stepPeriods = [] }) => stepPeriods));
  return periods.size === 0 ? {} : { stepPeriods: [...periods] };
}
