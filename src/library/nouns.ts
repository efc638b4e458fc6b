/** What the library takes and gives. Declarations of these are shipped, so nothing here needs another package's types. */
import type { HotMap } from '../vocabulary/hot-map.js';
import type { SampleNature } from '../vocabulary/nature.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import type { SampleBatch, SampleOrigin } from '../vocabulary/sample.js';
import type { Bytes, Microseconds, Order, PageGeometry } from '../vocabulary/units.js';

/** Which samples of a recording are read. */
export interface ReadOptions {
  /** Only samples of these processes; all when absent. */
  readonly pids?: readonly number[];
  /** Only samples of the event of this name (`EVENT_ABSENT` when the recording has none). */
  readonly event?: string;
  /** Page sizes of the recorded machine; of this one when absent. A heat file must have the same. */
  readonly geometry?: PageGeometry;
  /** Ends the reading: it then throws STOPPED. */
  readonly signal?: AbortSignal;
}

/** Which samples make heat, and in how much memory. */
export interface HeatOptions extends ReadOptions {
  /** Bytes that the counters may take; beyond them blocks are thinned out, and `notes` say so. 192 MiB when absent. */
  readonly mostBytes?: Bytes;
}

/** Hot maps of all processes of a recording. */
export interface Heat {
  /** One for each process that samples were met of, by pid. */
  readonly maps: readonly HotMap[];
  readonly origins: readonly SampleOrigin[];
  /** Events that were lost, damaged or left out, by reason. */
  readonly losses: Readonly<Record<string, number>>;
  /** What a reader should know, in sentences. */
  readonly notes: readonly string[];
}

/** Samples of one nature, as columns. The columns are used again for the next batch: copy what you keep. */
export interface Samples {
  readonly nature: SampleNature;
  readonly batch: SampleBatch;
}

/** A policy that `decide` can ask. */
export interface PolicyFacts {
  readonly name: string;
  readonly brief: string;
  readonly parameters: readonly PolicyParameter[];
}

/** A parameter of a policy. */
export interface PolicyParameter {
  readonly name: string;
  readonly brief: string;
  /** What it is when not given; undefined when there is none. */
  readonly fallback: unknown;
}

/** What a policy is asked about. */
export interface DecideOptions {
  /** Memory as it is now. */
  readonly sizes: PageSizes;
  /** What samples say of it; a policy that needs heat proposes nothing without. */
  readonly heat?: HotMap;
  /** Parameters of the policy, by name; texts as on the command line are understood as well (`'10%'`, `'64M'`). */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Folio orders that the kernel can split to, ascending; 0 alone when absent. */
  readonly splitOrders?: readonly Order[];
}

/** What a policy wants for one PMD-sized block. Nothing was checked against budgets or the kernel's rules yet. */
export interface Decision {
  readonly pid: number;
  /** Hexadecimal byte address of the block. */
  readonly address: string;
  readonly bytes: Bytes;
  readonly action: 'split' | 'collapse';
  /** Folio order that the block should have afterwards. */
  readonly targetOrder: Order;
  /** One sentence with the numbers behind the decision. */
  readonly reason: string;
  /** Memory that the system gets back at once; null when not known. */
  readonly returnedBytes: Bytes | null;
  /** Memory that the decision takes: holes that a collapse fills. */
  readonly grownBytes: Bytes;
  /** Expected time of the work. */
  readonly durationUs: Microseconds;
}

/** What a policy proposes. */
export interface Decided {
  readonly decisions: readonly Decision[];
  /** Blocks that were looked at and left alone, and why. */
  readonly passedOver: readonly { readonly why: string; readonly blocks: number }[];
  readonly notes: readonly string[];
}
