/**
 * A recording of heat as a small world: what is in use, samples for a policy to learn from, and others to judge it by.
 * Each sample goes to one of the two, so that no policy is judged by what it has seen.
 */
import { SeededRandom } from '../base/seeded-random.js';
import { HotMapBuilder } from '../hotness/hot-map-builder.js';
import { type Heat, parseHeat } from '../simulator/workloads/replay.js';
import type { HotMap } from '../vocabulary/hot-map.js';
import { COMPLETE, type SampleOrigin } from '../vocabulary/sample.js';
import type { PageGeometry, Pages } from '../vocabulary/units.js';

/** Turns that a policy takes, each with samples of its own; together they see half of the recording. */
export const TURNS = 8;
const PARTS = 2 * TURNS;
/** Samples that a recording is thinned to: enough for any block, and quick to draw. */
const MOST_SAMPLES = 2e6;

const ORIGIN: SampleOrigin = {
  source: 'heat',
  detail: 'a recording',
  granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false },
  tells: 'heat',
  nature: 'all-accesses',
  ...COMPLETE,
  windowNs: undefined,
};

/** The process that a recording stands for. */
export const RECORDED = { pid: 1, startTicks: 0, command: 'recorded', cgroup: '/' } as const;

/** Pages of a recording with samples to learn from and samples to judge by. */
export class RecordedWorld {
  readonly geometry: PageGeometry;
  readonly pages: Pages;
  readonly blocks: number;
  /** Samples of each page that a policy is judged by. */
  readonly judged: Float64Array;
  readonly used: Uint8Array;
  readonly #seen: readonly Uint16Array[];

  constructor(text: string, path: string, geometry: PageGeometry, seed: number) {
    const heat = parseHeat(text, path);
    const { offsets, lengths } = heat;
    const end = offsets.reduce((most, offset, index) => Math.max(most, offset + lengths[index]), 0);
    this.geometry = geometry;
    this.blocks = Math.ceil(end / geometry.pagesPerBlock);
    this.pages = this.blocks * geometry.pagesPerBlock;
    this.judged = new Float64Array(this.pages);
    this.used = new Uint8Array(this.pages);
    this.#seen = Array.from({ length: TURNS }, () => new Uint16Array(this.pages));
    this.#deal(heat, new SeededRandom(seed));
  }

  #deal({ offsets, weights, lengths }: Heat, random: SeededRandom): void {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const scale = Math.min(1, MOST_SAMPLES / total);
    for (const [row, offset] of offsets.entries()) {
      const each = (weights[row] * scale) / lengths[row];
      for (let page = offset; page < offset + lengths[row]; page++) {
        this.used[page] = 1;
        const samples = Math.floor(each + random.fraction());
        for (let sample = 0; sample < samples; sample++) this.#give(page, random.below(PARTS));
      }
    }
  }

  #give(page: Pages, part: number): void {
    if (part >= TURNS) this.judged[page]++;
    else this.#seen[part][page]++;
  }

  /** What a sampler saw in a turn; what is in use is known to hold data, and the rest to be empty. */
  heatOf(turn: number): HotMap {
    const { pagesPerBlock } = this.geometry;
    const builder = new HotMapBuilder(RECORDED, this.geometry);
    for (const [page, samples] of this.#seen[turn % TURNS].entries())
      builder.addCount(page, samples, samples);
    for (let block = 0; block < this.blocks; block++) {
      const bits = new Uint8Array(pagesPerBlock / 8);
      for (let page = 0; page < pagesPerBlock; page++)
        if (this.used[block * pagesPerBlock + page] === 1) bits[page >> 3] |= 1 << (page & 7);
      builder.setContent(block, bits);
    }
    return builder.build([ORIGIN]);
  }

  usedIn(block: number): Pages {
    const { pagesPerBlock } = this.geometry;
    return this.used
      .subarray(block * pagesPerBlock, (block + 1) * pagesPerBlock)
      .reduce((sum, one) => sum + one, 0);
  }
}
