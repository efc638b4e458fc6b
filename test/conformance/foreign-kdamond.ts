import { dumpTree, KDAMONDS } from '../../src/damon/kernel-files.js';
import { contextWrites } from '../../src/damon/writes.js';
import type { Host } from '../../src/host/host.js';
import { type DamonContext, NO_INTERVALS_GOAL, schemeOf } from '../../src/vocabulary/damon.js';
import type { PageRange, ProcessId } from '../../src/vocabulary/units.js';
import { must } from './measure.js';

/** What another tool might have set up: two slots, the first one running on a range of a process. */
export class ForeignKdamond {
  readonly #host: Host;
  readonly #found: readonly string[];

  private constructor(host: Host, found: readonly string[]) {
    this.#host = host;
    this.#found = found;
  }

  static async start(host: Host, pid: ProcessId, range: PageRange): Promise<ForeignKdamond> {
    must(host.files.writeKernelFile(`${KDAMONDS}/nr_kdamonds`, '2'));
    for (const { file, text, optional } of contextWrites(contextFor(host, pid, range), {
      coreFilters: false,
    })) {
      const written = host.files.writeKernelFile(`${KDAMONDS}/0/${file}`, text);
      if (!written.ok && !optional) must(written);
    }
    must(host.files.writeKernelFile(`${KDAMONDS}/0/state`, 'on'));
    return new ForeignKdamond(host, await dumpTree(host));
  }

  /** Every file of the tree beside what it was right after the start. */
  async compare(): Promise<'as found' | 'changed'> {
    const now = await dumpTree(this.#host);
    return now.join('\n') === this.#found.join('\n') ? 'as found' : 'changed';
  }

  isRunning(): boolean {
    return must(this.#host.files.readText(`${KDAMONDS}/0/state`)).trim() === 'on';
  }

  stop(): void {
    must(this.#host.files.writeKernelFile(`${KDAMONDS}/0/state`, 'off'));
    must(this.#host.files.writeKernelFile(`${KDAMONDS}/nr_kdamonds`, '0'));
  }
}

function contextFor(host: Host, pid: ProcessId, range: PageRange): DamonContext {
  const { pageBytes } = host.identity.geometry;
  const region = { start: BigInt(range.start * pageBytes), end: BigInt(range.end * pageBytes) };
  return {
    operations: 'fvaddr',
    addressUnit: 1n,
    pause: false,
    intervals: { sampleUs: 7000n, aggregationUs: 140_000n, updateUs: 1_000_000n, goal: NO_INTERVALS_GOAL },
    regions: { min: 5n, max: 77n },
    targets: [{ pid, obsolete: false, regions: [region] }],
    schemes: [schemeOf('stat', { applyIntervalUs: 300_000n })],
  };
}
