/** Samples that came with a physical address only get the virtual page of a target process. */

import type { HeatProvenance } from '../vocabulary/recording.js';
import { NO_PAGE, SAMPLE_FLAG, type SampleBatch, type SampleOrigin } from '../vocabulary/sample.js';
import type { Order } from '../vocabulary/units.js';
import type { Resolver } from './resolver.js';
import {
  originsOf,
  type Reading,
  type Renamed,
  type Source,
  type SourceAccount,
  type SourceContext,
} from './source.js';

/** Pages of page tables that may be read anew for each batch: some percent of a core at usual sample rates. */
const REFRESHED_PER_BATCH = 16_384;

/** What became of physical addresses. */
export interface ResolvedFacts {
  readonly targets: readonly number[];
  /** Targets that ended while samples were resolved; what they mapped last was used from then on. */
  readonly ended: readonly number[];
  readonly resolved: number;
  /** Of memory that several targets map: answered for the process of the sample, else for the first of them. */
  readonly shared: number;
  /** Resolved accesses by the folio of their frame, as /proc/kpageflags says. */
  readonly folios: {
    readonly pmdSized: number;
    readonly large: number;
    readonly small: number;
    readonly unknown: number;
  };
  /** Physical addresses without a page, by reason. */
  readonly unresolved: Readonly<Record<string, number>>;
  /** Pages whose page tables were read again meanwhile. */
  readonly refreshedPages: number;
}

/** Resolves batch after batch in place. */
export class BatchResolver {
  readonly #resolver: Resolver;
  readonly #hugeOrder: Order;
  readonly #folios = { pmdSized: 0, large: 0, small: 0, unknown: 0 };

  constructor(resolver: Resolver, hugeOrder: Order) {
    this.#resolver = resolver;
    this.#hugeOrder = hugeOrder;
  }

  /** Rows without a virtual page get one and the process that maps it. Rows of guests lose theirs: it means nothing here. */
  resolve(batch: SampleBatch): void {
    const { flags, virtualPage, physicalPage } = batch;
    batch.inCommon = undefined;
    for (let row = 0; row < batch.count; row++) {
      if (flags[row] & SAMPLE_FLAG.guest) {
        virtualPage[row] = NO_PAGE;
        if (physicalPage[row] !== NO_PAGE) this.#resolver.fail('access of a guest');
      } else if (virtualPage[row] === NO_PAGE && physicalPage[row] !== NO_PAGE) this.#resolveRow(batch, row);
    }
    this.#resolver.refresh(REFRESHED_PER_BATCH);
  }

  get facts(): ResolvedFacts {
    const resolver = this.#resolver;
    return {
      targets: resolver.pids,
      ended: resolver.gone,
      resolved: resolver.resolved,
      shared: resolver.shared,
      folios: { ...this.#folios },
      unresolved: { ...resolver.unresolved },
      refreshedPages: resolver.refreshed,
    };
  }

  #resolveRow(batch: SampleBatch, row: number): void {
    const frame = batch.physicalPage[row];
    const found = this.#resolver.resolve(frame, batch.pid[row]);
    if (found === undefined) return;
    batch.pid[row] = found.pid;
    batch.virtualPage[row] = found.page;
    const order = this.#resolver.orderOf(frame);
    if (order === undefined) this.#folios.unknown++;
    else if (order === 0) this.#folios.small++;
    else if (order === this.#hugeOrder) this.#folios.pmdSized++;
    else this.#folios.large++;
  }
}

/** Lines for people. */
export function resolvedLines(facts: ResolvedFacts): string[] {
  const { pmdSized, large, small, unknown } = facts.folios;
  const folios = [
    `${pmdSized} in PMD-sized folios`,
    `${large} in other large folios`,
    `${small} in single pages`,
    ...(unknown > 0 ? [`${unknown} in folios of unknown size`] : []),
  ];
  const ended = facts.ended.map((pid) => `process ${pid} ended meanwhile; what it mapped last was used`);
  return [
    `${facts.resolved} physical addresses resolved: ${folios.join(', ')}; ${facts.shared} of memory that several targets map`,
    ...Object.entries(facts.unresolved).map(
      ([why, count]) => `${count} physical addresses not resolved: ${why}`,
    ),
    ...ended,
  ];
}

/** Another source with its samples resolved. */
export class ResolvedSource implements Source {
  readonly name: string;
  readonly #inner: Source;
  readonly #makeResolver: (context: SourceContext) => Resolver;
  #batches: BatchResolver | undefined;

  /** `makeResolver` is called when reading begins, so that page tables are read as late as can be. */
  constructor(inner: Source, makeResolver: (context: SourceContext) => Resolver) {
    this.#inner = inner;
    this.#makeResolver = makeResolver;
    this.name = inner.name;
  }

  get origin(): SampleOrigin {
    return this.#inner.origin;
  }

  origins(): readonly SampleOrigin[] {
    return originsOf(this.#inner);
  }

  settled(): Renamed | undefined {
    return this.#inner.settled?.();
  }

  provenance(): HeatProvenance | undefined {
    return this.#inner.provenance?.();
  }

  async *read(context: SourceContext): AsyncIterable<Reading> {
    const resolver = this.#makeResolver(context);
    const batches = new BatchResolver(resolver, context.host.identity.geometry.hugeOrder);
    this.#batches = batches;
    try {
      for await (const reading of this.#inner.read(context)) {
        if (reading.kind === 'samples') batches.resolve(reading.batch);
        yield reading;
      }
    } finally {
      resolver.close();
    }
  }

  account(): SourceAccount {
    const inner = this.#inner.account();
    const facts = this.#batches?.facts;
    if (facts === undefined) return inner;
    const losses = Object.entries(facts.unresolved).map(([why, count]) => [`not resolved: ${why}`, count]);
    const notes = resolvedLines({ ...facts, unresolved: {} });
    return {
      ...inner,
      losses: { ...inner.losses, ...Object.fromEntries(losses) },
      notes: [...inner.notes, ...notes],
    };
  }
}
