/** Samples from a heat file, as they were counted when it was imported. */
import { HeatFile, type HeatGroup } from '../formats/heat-file/read.js';
import type { HeatFacts } from '../formats/heat-file/schema.js';
import { DamagedParquet } from '../formats/parquet/read.js';
import type { Files } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';
import {
  type Granularity,
  type SampleColumns,
  type SampleOrigin,
  sampleColumns,
} from '../vocabulary/sample.js';
import { type PageGeometry, pageGeometry } from '../vocabulary/units.js';
import type { Reading, Source, SourceAccount, SourceContext } from './source.js';

const ROWS = 8192;

export class HeatFileSource implements Source {
  readonly name = 'heat-file';
  readonly facts: HeatFacts;
  readonly geometry: PageGeometry;
  /** Command names by process, known as far as the file has been read. */
  readonly commands = new Map<number, string>();
  private readonly path: string;
  private readonly file: HeatFile;
  private readonly bytes: number;

  private constructor(path: string, file: HeatFile, bytes: number) {
    this.path = path;
    this.file = file;
    this.bytes = bytes;
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

  get origin(): SampleOrigin {
    const { origins } = this.facts;
    const first = origins[0];
    const more = origins.length > 1 ? ` and ${origins.length - 1} more` : '';
    return {
      source: this.name,
      detail: first === undefined ? this.path : `${this.path} (${first.source}: ${first.detail}${more})`,
      tells: first?.tells ?? 'heat',
      granularity: coarsest(origins.map((origin) => origin.granularity)),
      windowNs: first?.windowNs ?? undefined,
    };
  }

  account(): SourceAccount {
    return { losses: this.facts.losses, bytesRead: this.bytes, notes: [] };
  }

  async *read(context: Pick<SourceContext, 'progress'>): AsyncIterable<Reading> {
    const batch = sampleColumns(ROWS);
    let done = 0;
    for await (const group of this.groups()) {
      for (const full of this.expand(group, batch)) yield { kind: 'samples', batch: full };
      done += group.count;
      context.progress(done, this.file.rows, 'pages');
    }
  }

  /** The rows themselves, for whoever can use counts. */
  async *groups(): AsyncIterable<HeatGroup> {
    try {
      for await (const group of this.file.groups()) {
        for (let row = 0; row < group.count; row++) this.commands.set(group.pid[row], group.command[row]);
        yield group;
      }
    } catch (problem) {
      if (!(problem instanceof DamagedParquet)) throw problem;
      throw malformed(this.path, problem.message, problem.place);
    }
  }

  /** One sample row per sample that was counted, since confidence rests on their number. */
  private *expand(group: HeatGroup, batch: SampleColumns): Iterable<SampleColumns> {
    batch.count = 0;
    for (let row = 0; row < group.count; row++) {
      const samples = group.samples[row];
      const page = Number(group.address[row] / BigInt(this.geometry.pageBytes));
      for (let i = 0; i < samples; i++) {
        put(batch, group.pid[row], page, group.accesses[row] / samples);
        if (batch.count < ROWS) continue;
        yield batch;
        batch.count = 0;
      }
    }
    if (batch.count > 0) yield batch;
  }
}

/** What may be built on all of them together is what the least seeing one allows. */
function coarsest(all: readonly Granularity[]): Granularity {
  return {
    pages: all.reduce((most, one) => Math.max(most, one.pages), 1),
    blindInsideHugePages: all.some((one) => one.blindInsideHugePages),
    blindToCachedTranslations: all.some((one) => one.blindToCachedTranslations),
  };
}

function put(batch: SampleColumns, pid: number, page: number, weight: number): void {
  const at = batch.count++;
  batch.time[at] = Number.NaN;
  batch.pid[at] = pid;
  batch.tid[at] = -1;
  batch.virtualPage[at] = page;
  batch.physicalPage[at] = -1;
  batch.kind[at] = 0;
  batch.weight[at] = weight;
  batch.flags[at] = 0;
}

function malformed(path: string, problem: string, place = 'its footer'): OctavoError {
  return new OctavoError('FILE_MALFORMED', { path, problem, place });
}
