import type * as z from 'zod';
import type { Host } from '../host/host.js';
import type { Kind } from '../vocabulary/kind.js';
import type { SampleNature } from '../vocabulary/nature.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import type { HeatProvenance } from '../vocabulary/recording.js';
import type { SampleBatch, SampleOrigin } from '../vocabulary/sample.js';
import type { BlockNumber, Bytes, ProcessId } from '../vocabulary/units.js';

/** Which sub-pages of a block hold anything but zeroes, read from the memory itself. */
export interface ContentReading {
  readonly pid: number;
  readonly block: BlockNumber;
  /** One bit per sub-page, set when it holds data; pagesPerBlock / 8 bytes. Reused after the consumer's turn. */
  readonly filled: Uint8Array;
}

/** Memory known to be there, without any heat: the last resort of hosts that cannot sample. */
export interface RangeReading {
  readonly pid: number;
  readonly firstBlock: BlockNumber;
  readonly blocks: number;
}

/** Anything that a source yields. */
export type Reading =
  /** `nature` is that of the source's origin when absent. */
  | { readonly kind: 'samples'; readonly batch: SampleBatch; readonly nature?: SampleNature }
  /** The process runs another program from here on, or its pid is another's. */
  | { readonly kind: 'replaced'; readonly pid: ProcessId }
  | { readonly kind: 'content'; readonly content: ContentReading }
  | { readonly kind: 'range'; readonly range: RangeReading };

/** What a source reads with. */
export interface SourceContext {
  readonly host: Host;
  /** The processes asked for, as they look now. A source for recorded files may yield others, too. */
  readonly processes: readonly PageSizes[];
  /** Told about long work: done and total in the source's own unit. */
  progress(done: number, total: number, unit: string): void;
  readonly signal: AbortSignal;
}

/** What a source can say about itself after (or during) reading. Nothing vanishes. */
export interface SourceAccount {
  /** Events dropped, refused, damaged or not understood, by reason. */
  readonly losses: Readonly<Record<string, number>>;
  readonly bytesRead: Bytes;
  /** Plain sentences the user must know (side effects, blind spots). */
  readonly notes: readonly string[];
}

/** A nature that turned out to be another while the recording was read. */
export interface Renamed {
  readonly from: SampleNature;
  readonly to: SampleNature;
}

/** Yields what is known of memory below 2 MiB. */
export interface Source {
  readonly name: string;
  readonly origin: SampleOrigin;
  read(context: SourceContext): AsyncIterable<Reading>;
  account(): SourceAccount;
  /** An origin for each nature of samples that were read; `origin` alone when absent. */
  origins?(): readonly SampleOrigin[];
  /** Once all was read: what was given as samples of one nature and has turned out to be of another. */
  settled?(): Renamed | undefined;
  /** What recordings the samples are of; absent when they are of this very moment. Complete once all was read. */
  provenance?(): HeatProvenance | undefined;
}

/** What a source is made for, beside its own parameters. */
export interface SourceSetting {
  readonly host: Host;
  /** Blocks that alone matter, by process; all when undefined. */
  readonly only?: ReadonlyMap<ProcessId, ReadonlySet<BlockNumber>>;
}

/**
 * A kind of source: what it is, its own parameters, and how sources of it are made. One file each, and one line in the
 * catalogue; `parameters` is a zod object of fields from vocabulary/kind.ts.
 */
export interface SourceKind<Parameters extends z.ZodObject = z.ZodObject> extends Kind<Parameters> {
  /** Throws an OctavoError when a file that it needs cannot be read. */
  make(parameters: z.output<Parameters>, setting: SourceSetting): readonly Source[];
}

/** Infers the type of the parameters that `make` is given. */
export function sourceKind<Parameters extends z.ZodObject>(
  kind: SourceKind<Parameters>,
): SourceKind<Parameters> {
  return kind;
}

/** A kind of source for files: chosen by giving its parameter `files`, a list of paths. */
export interface RecordingKind<Parameters extends z.ZodObject = z.ZodObject> extends SourceKind<Parameters> {
  readonly files: string & keyof z.output<Parameters>;
}

/** Infers the type of the parameters that `make` is given. */
export function recordingKind<Parameters extends z.ZodObject>(
  kind: RecordingKind<Parameters>,
): RecordingKind<Parameters> {
  return kind;
}

/** All origins of what a source has read. */
export function originsOf(source: Source): readonly SampleOrigin[] {
  return source.origins?.() ?? [source.origin];
}
