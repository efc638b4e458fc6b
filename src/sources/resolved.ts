/** Another source's samples with the virtual pages of those that came with a physical address only. */
import { NO_PAGE, SAMPLE_FLAG, type SampleBatch, type SampleOrigin } from '../vocabulary/sample.js';
import type { Resolver } from './resolver.js';
import type { Reading, Source, SourceAccount, SourceContext } from './source.js';

/** Pages of page tables that are read anew for each batch: some percent of a core at usual sample rates. */
const REFRESHED_PER_BATCH = 16_384;

export class ResolvedSource implements Source {
  readonly name: string;
  private readonly inner: Source;
  private readonly resolver: Resolver;
  private hugeFolios = 0;
  private smallerFolios = 0;

  constructor(inner: Source, resolver: Resolver) {
    this.inner = inner;
    this.resolver = resolver;
    this.name = inner.name;
  }

  get origin(): SampleOrigin {
    return this.inner.origin;
  }

  async *read(context: SourceContext): AsyncIterable<Reading> {
    const hugeOrder = context.host.identity.geometry.hugeOrder;
    for await (const reading of this.inner.read(context)) {
      if (reading.kind === 'samples') {
        this.resolveAll(reading.batch, hugeOrder);
        this.resolver.refresh(REFRESHED_PER_BATCH);
      }
      yield reading;
    }
  }

  account(): SourceAccount {
    const inner = this.inner.account();
    const { unresolved, resolved, shared } = this.resolver;
    const losses = Object.entries(unresolved).map(([why, count]) => [`not resolved: ${why}`, count] as const);
    const notes = [
      `${resolved} physical addresses resolved; ${this.hugeFolios} of them in PMD-sized folios, ${this.smallerFolios} in smaller ones, ${shared} of memory that several targets map.`,
    ];
    return {
      ...inner,
      losses: { ...inner.losses, ...Object.fromEntries(losses) },
      notes: [...inner.notes, ...notes],
    };
  }

  private resolveAll(batch: SampleBatch, hugeOrder: number): void {
    for (let row = 0; row < batch.count; row++) {
      if (batch.flags[row] & SAMPLE_FLAG.guest) {
        // A guest's virtual address means nothing here; the row stays, so that it is counted as a guest's.
        batch.virtualPage[row] = NO_PAGE;
        if (batch.physicalPage[row] !== NO_PAGE) this.resolver.fail('access of a guest');
        continue;
      }
      if (batch.virtualPage[row] === NO_PAGE && batch.physicalPage[row] !== NO_PAGE)
        this.resolveRow(batch, row, hugeOrder);
    }
  }

  private resolveRow(batch: SampleBatch, row: number, hugeOrder: number): void {
    const frame = batch.physicalPage[row];
    const found = this.resolver.resolve(frame, batch.pid[row]);
    if (found === undefined) return;
    batch.pid[row] = found.pid;
    batch.virtualPage[row] = found.page;
    const order = this.resolver.orderOf(frame);
    if (order === hugeOrder) this.hugeFolios++;
    else if (order !== undefined) this.smallerFolios++;
  }
}
