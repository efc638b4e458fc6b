/**
 * Heat files as `replay` plays them. A process's pages are spread over 47 bits of addresses; here blocks with heat
 * follow each other without the gaps, in order of address, and pages keep their place within the block.
 */
import type { HeatFacts } from '../../formats/heat-file/facts.js';
import { HeatFile, isParquet } from '../../formats/heat-file/read.js';
import { NO_TIME } from '../../formats/heat-file/schema.js';
import { DamagedParquet } from '../../formats/parquet/read.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { PageGeometry, Pages } from '../../vocabulary/units.js';

/** The text form (offset, weight, pages) of a heat file in Parquet; text is taken as it is. */
export async function heatText(bytes: Uint8Array, path: string, geometry: PageGeometry): Promise<string> {
  if (!isParquet(bytes)) return new TextDecoder().decode(bytes);
  const file = HeatFile.open(bytes);
  if (typeof file === 'string') throw malformed(path, file);
  const slices = new Map<number, Map<number, number>>();
  try {
    for await (const group of file.groups()) {
      for (let row = 0; row < group.count; row++) {
        const page = Number(group.address[row] >> BigInt(geometry.pageShift));
        const weights = slices.get(group.timeMs[row]) ?? new Map<number, number>();
        slices.set(group.timeMs[row], weights);
        weights.set(page, (weights.get(page) ?? 0) + group.accesses[row]);
      }
    }
  } catch (problem) {
    if (!(problem instanceof DamagedParquet)) throw problem;
    throw malformed(path, problem.message, problem.place);
  }
  return closeGaps(slices, file.facts, geometry);
}

/**
 * Pages that one row speaks of. A row of a source that sees blocks only stands at the first page of its block; in a
 * file of several sources the coarsest decides, and finer rows show themselves by where they stand.
 */
function granuleOf({ origins, page_bytes }: HeatFacts, geometry: PageGeometry): Pages {
  const coarsest = origins.reduce((most, { granularity }) => Math.max(most, granularity.pages), 1);
  return Math.max(1, Math.round((coarsest * page_bytes) / geometry.pageBytes));
}

/**
 * Lines of `offset,weight,pages`: the weight belongs to so many pages from the offset on, to each the same share. Slices
 * of time begin with `@ms`, and the last of them ends with one.
 */
function closeGaps(
  slices: ReadonlyMap<number, ReadonlyMap<number, number>>,
  facts: HeatFacts,
  geometry: PageGeometry,
): string {
  const granule = granuleOf(facts, geometry);
  const pages = [...new Set([...slices.values()].flatMap((weights) => [...weights.keys()]))];
  pages.sort((a, b) => a - b);
  const places = placesOf(pages, granule, geometry.pagesPerBlock);
  const lines: string[] = [];
  const times = [...slices.keys()].sort((a, b) => a - b);
  // Samples of no known time are in none of the phases.
  const timed = times.filter((time) => time !== NO_TIME);
  for (const time of timed.length > 1 ? timed : times) {
    if (timed.length > 1) lines.push(`@${time - timed[0]}`);
    const weights = slices.get(time) ?? new Map<number, number>();
    for (const page of [...weights.keys()].sort((a, b) => a - b)) {
      const place = places.get(page);
      if (place !== undefined) lines.push(`${place.offset},${weights.get(page)},${place.length}`);
    }
  }
  const last = timed.at(-1);
  if (timed.length > 1 && last !== undefined) lines.push(`@${last - timed[0] + widthOf(facts, timed)}`);
  return `${lines.join('\n')}\n`;
}

/** Width of a slice; where the file does not say, the least distance of two. */
function widthOf({ slices }: HeatFacts, times: readonly number[]): number {
  const least = Math.min(...times.slice(1).map((time, index) => time - times[index]));
  return Math.max(1, Math.round(slices.widthMs ?? least));
}

/** Where each page is played, and how many pages its row speaks of. */
function placesOf(pages: readonly number[], granule: Pages, perBlock: Pages) {
  const fine = finePlaces(pages, granule);
  const places = new Map<number, { readonly offset: number; readonly length: Pages }>();
  let left = 0;
  let end = 0;
  for (const page of pages) {
    const length = fine.has(Math.floor(page / granule)) ? 1 : granule;
    left += Math.max(0, Math.floor(page / perBlock) * perBlock - end);
    end = Math.max(end, Math.ceil((page + length) / perBlock) * perBlock);
    places.set(page, { offset: page - left, length });
  }
  return places;
}

/** Granules with heat elsewhere than at their first page: their rows are of single pages. */
function finePlaces(pages: readonly number[], granule: Pages): ReadonlySet<number> {
  return new Set(pages.filter((page) => page % granule !== 0).map((page) => Math.floor(page / granule)));
}

function malformed(path: string, problem: string, place = 'its footer'): OctavoError {
  return new OctavoError('FILE_MALFORMED', { path, problem, place });
}
