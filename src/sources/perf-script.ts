/** Memory samples from the text of `perf script`, line by line: memory does not depend on its length. */

import { parseScriptLine, type ScriptSample } from '../formats/perf-script/line.js';
import { natureOfName } from '../formats/perf-script/natures.js';
import type { AccessColumns } from '../vocabulary/access-columns.js';
import { OctavoError } from '../vocabulary/errors.js';
import { Fingerprint } from '../vocabulary/fingerprint.js';
import { bestNature, NATURES, type SampleNature } from '../vocabulary/nature.js';
import type { RecordingFacts } from '../vocabulary/recording.js';
import { SAMPLE_KIND, type SampleOrigin, sampleColumns } from '../vocabulary/sample.js';
import { needsMoments, type SampleWish } from '../vocabulary/sample-wish.js';
import type { PageGeometry, ProcessId } from '../vocabulary/units.js';
import { isNamed } from './event-sorter.js';

const ROWS = 4096;
/** perf's lines are some hundred bytes long. */
const LONGEST_LINE = 4096;
/** Processes whose names are kept. */
const MOST_NAMES = 1 << 17;
const KERNEL_HALF = 1n << 63n;
const LOW = 0xffffffffn;

/** A text, and which of its samples are wanted. */
export interface ScriptInput {
  /** For messages. */
  readonly path: string;
  readonly stream: AsyncIterable<Uint8Array>;
  readonly geometry: PageGeometry;
  readonly pids?: ReadonlySet<ProcessId>;
  readonly event?: string;
  readonly wish?: SampleWish;
}

/** Samples of one nature. */
export interface ScriptBatch {
  readonly nature: SampleNature;
  readonly batch: AccessColumns;
}

type Column = AccessColumns & { event: Uint16Array };

/** Yields the samples of a text; lines that are no samples are counted. */
export class PerfScriptSource {
  /** Names of processes as far as threads of the same number have them. */
  readonly commands = new Map<ProcessId, string>();
  readonly losses: Record<string, number> = {};
  bytesRead = 0;
  readonly #input: ScriptInput;
  readonly #fingerprint = new Fingerprint();
  readonly #events = new Map<string, SampleNature>();
  readonly #columns = new Map<SampleNature, Column>();
  #seen = 0;

  constructor(input: ScriptInput) {
    this.#input = input;
  }

  /** The events of the lines that count, with what their samples are samples of. */
  get eventNames(): readonly {
    readonly name: string;
    readonly nature: SampleNature;
    readonly why: string;
  }[] {
    return [...this.#events].map(([name, nature]) => ({ name, nature, why: 'as far as its name tells' }));
  }

  origins(): readonly SampleOrigin[] {
    return [...new Set(this.#events.values())].map((nature) => ({
      ...{ source: 'perf-script', detail: this.#input.path, tells: 'heat', nature },
      granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false },
      event: this.#namesOf(nature),
      ...{ unseenShare: 0, fade: 1, windowNs: this.#fingerprint.windowNs },
    }));
  }

  /** The best of those that were found. */
  get #nature(): SampleNature {
    return bestNature(this.#events.values()) ?? 'unknown';
  }

  facts(): RecordingFacts {
    const nature = this.#nature;
    const { digest, sketch, coarseSketch, count } = this.#fingerprint;
    return {
      ...{ name: this.#input.path, fingerprint: digest, sketch, samples: count, nature },
      ...{ coarseSketch, isCoarse: true },
      ...{ event: this.#namesOf(nature), period: undefined, unseenShare: 0, span: undefined },
      ...{ bootId: undefined, host: '', kernel: '', cpu: '' },
    };
  }

  notes(): readonly string[] {
    const { path } = this.#input;
    if (this.#seen === 0) return [`${path}: nothing was sampled.`];
    if (this.#fingerprint.count === 0) return [`${path}: none of its ${this.#seen} samples has an address and is of what was asked for; print addresses with \`perf script -F +addr\`.`]; // biome-ignore format: one sentence
    const nature = this.#nature;
    return [
      `${path}: samples of ${NATURES[nature].says} (${this.#namesOf(nature)}; a text says no more of them than their name; losses are not in it).`,
    ];
  }

  /** Rows by nature; each batch is valid until the next. */
  async *batches(signal: AbortSignal): AsyncIterable<ScriptBatch> {
    this.#checkWish();
    for await (const line of linesOf(this.#input.stream, (bytes) => (this.bytesRead += bytes))) {
      if (signal.aborted) return;
      const full = this.#take(line);
      if (full !== undefined) yield* this.#flush(full);
    }
    for (const nature of this.#columns.keys()) yield* this.#flush(nature);
  }

  #checkWish(): void {
    const { wish, path } = this.#input;
    if (wish === undefined) return;
    if (wish.cgroups !== undefined)
      throw new OctavoError('FIELD_ABSENT', { path, field: 'cgroup', option: 'perf record --all-cgroups' });
    if (needsMoments(wish)) throw new OctavoError('TIME_UNBOUNDED', { path });
  }

  /** Puts the sample of a line into its columns; the nature of columns that are now full. */
  #take(line: string): SampleNature | undefined {
    const sample = line.length > LONGEST_LINE ? undefined : parseScriptLine(line);
    if (sample === undefined) {
      if (line.trim() !== '' && !/^(#|\s+[0-9a-f]+ |.*PERF_RECORD_)/.test(line))
        this.#lose('lines that are no samples');
      return undefined;
    }
    this.#seen++;
    const reason = this.#reasonAgainst(sample);
    if (reason !== undefined) {
      this.#lose(reason);
      return undefined;
    }
    const nature = this.#events.get(sample.event) ?? natureOfName(sample.event);
    this.#events.set(sample.event, nature);
    if (sample.command !== '' && sample.pid === sample.tid && this.commands.size < MOST_NAMES)
      this.commands.set(sample.pid, sample.command);
    const batch = this.#columnsOf(nature);
    this.#put(batch, sample);
    return batch.count === ROWS ? nature : undefined;
  }

  #reasonAgainst(sample: ScriptSample): string | undefined {
    const { pids, event, wish = {} } = this.#input;
    if (pids !== undefined && !pids.has(sample.pid)) return 'samples of processes not asked for';
    if (event !== undefined && !isNamed(sample.event, event)) return 'samples of events not asked for';
    if (wish.tids?.has(sample.tid) === false) return 'samples of threads not asked for';
    if (wish.commands?.has(sample.command) === false) return 'samples of commands not asked for';
    if (wish.cpus?.has(sample.cpu) === false) return 'samples of CPUs or cgroups not asked for';
    const [from, to] = [momentOf(wish.time?.from, Number.NEGATIVE_INFINITY), momentOf(wish.time?.to, Number.POSITIVE_INFINITY)]; // biome-ignore format: both ends
    return sample.timeNs >= from && sample.timeNs <= to ? undefined : 'samples outside of the time asked for';
  }

  #put(batch: Column, sample: ScriptSample): void {
    const row = batch.count++;
    const { address = 0n, physical = 0n } = sample;
    const pageShift = BigInt(this.#input.geometry.pageShift);
    batch.time[row] = sample.timeNs;
    batch.pid[row] = sample.pid;
    batch.tid[row] = sample.tid;
    batch.virtualPage[row] = address === 0n ? -1 : Number(address >> pageShift);
    batch.physicalPage[row] = physical === 0n ? -1 : Number(physical >> pageShift);
    batch.kind[row] = SAMPLE_KIND.unknown;
    batch.weight[row] = sample.period;
    batch.flags[row] = address >= KERNEL_HALF ? 1 : 0;
    batch.addressLow[row] = Number(address & LOW);
    batch.addressHigh[row] = Number(address >> 32n);
    batch.physicalLow[row] = Number(physical & LOW);
    batch.physicalHigh[row] = Number(physical >> 32n);
  }

  *#flush(nature: SampleNature): Iterable<ScriptBatch> {
    const batch = this.#columnsOf(nature);
    if (batch.count === 0) return;
    this.#fingerprint.add(batch);
    yield { nature, batch };
    batch.count = 0;
  }

  #columnsOf(nature: SampleNature): Column {
    const known = this.#columns.get(nature);
    if (known !== undefined) return known;
    const words = () => new Uint32Array(ROWS);
    const made: Column = {
      ...sampleColumns(ROWS),
      capacity: ROWS,
      ...{ addressLow: words(), addressHigh: words(), physicalLow: words(), physicalHigh: words() },
      ...{ latency: words(), event: new Uint16Array(ROWS) },
    };
    this.#columns.set(nature, made);
    return made;
  }

  #namesOf(nature: SampleNature): string {
    return [...this.#events]
      .flatMap(([name, each]) => (each === nature ? name || 'event not printed' : []))
      .join(' + ');
  }

  #lose(reason: string): void {
    this.losses[reason] = (this.losses[reason] ?? 0) + 1;
  }
}

function momentOf(bound: NonNullable<SampleWish['time']>['from'], open: number): number {
  return bound?.kind === 'moment' ? bound.ns : open;
}

async function* linesOf(
  stream: AsyncIterable<Uint8Array>,
  read: (bytes: number) => void,
): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of stream) {
    read(bytes.length);
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(0, LONGEST_LINE + 1);
    yield* lines;
  }
  if (rest !== '') yield rest;
}
