/**
 * The last resort of hosts that can sample nothing: PMD-mapped blocks as ranges without any heat. Policies that need
 * to know which sub-pages are in use find every block unknown, and say so.
 */
import { MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import { COMPLETE, type SampleOrigin } from '../vocabulary/sample.js';
import type { Reading, Source, SourceAccount, SourceContext } from './source.js';

/** Yields PMD-mapped ranges as smaps and pagemap tell them. */
export class SmapsSource implements Source {
  readonly name = 'smaps';
  readonly origin: SampleOrigin;
  #ranges = 0;

  constructor(geometry: PageSizes['geometry']) {
    this.origin = {
      source: this.name,
      detail: 'PMD-mapped ranges of /proc/PID/smaps and pagemap',
      tells: 'presence',
      granularity: {
        pages: geometry.pagesPerBlock,
        blindInsideHugePages: true,
        blindToCachedTranslations: true,
      },
      nature: 'presence',
      ...COMPLETE,
      windowNs: undefined,
    };
  }

  async *read(context: SourceContext): AsyncIterable<Reading> {
    for (const [index, sizes] of context.processes.entries()) {
      yield* this.#hugeRanges(sizes);
      context.progress(index + 1, context.processes.length, 'processes');
    }
  }

  account(): SourceAccount {
    return {
      losses: {},
      bytesRead: 0,
      notes: [
        `smaps tells where huge pages are (${this.#ranges} ranges), not what is hot in them: every block stays unknown`,
      ],
    };
  }

  *#hugeRanges(sizes: PageSizes): Generator<Reading> {
    const { blocks, process } = sizes;
    let first = 0;
    let length = 0;
    for (let row = 0; row < blocks.count; row++) {
      if (blocks.level[row] !== MAPPING_LEVEL.pmd || blocks.present[row] === 0) continue;
      if (length > 0 && blocks.block[row] === first + length) length++;
      else {
        if (length > 0) yield this.#range(process.pid, first, length);
        first = blocks.block[row];
        length = 1;
      }
    }
    if (length > 0) yield this.#range(process.pid, first, length);
  }

  #range(pid: number, firstBlock: number, blocks: number): Reading {
    this.#ranges++;
    return { kind: 'range', range: { pid, firstBlock, blocks } };
  }
}
