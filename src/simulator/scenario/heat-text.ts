/**
 * Heat files as `replay` plays them. A process's pages are spread over 47 bits of addresses; here blocks with heat
 * follow each other without the gaps, in order of address, and pages keep their place within the block.
 */
import { HeatFile, isParquet } from '../../formats/heat-file/read.js';
import { DamagedParquet } from '../../formats/parquet/read.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { PageGeometry } from '../../vocabulary/units.js';

/** The text form (offset, weight) of a heat file in Parquet; text is taken as it is. */
export async function heatText(bytes: Uint8Array, path: string, geometry: PageGeometry): Promise<string> {
  if (!isParquet(bytes)) return new TextDecoder().decode(bytes);
  const file = HeatFile.open(bytes);
  if (typeof file === 'string') throw malformed(path, file);
  const weights = new Map<number, number>();
  try {
    for await (const group of file.groups()) {
      for (let row = 0; row < group.count; row++) {
        const page = Number(group.address[row] >> BigInt(geometry.pageShift));
        weights.set(page, (weights.get(page) ?? 0) + group.accesses[row]);
      }
    }
  } catch (problem) {
    if (!(problem instanceof DamagedParquet)) throw problem;
    throw malformed(path, problem.message, problem.place);
  }
  return closeGaps(weights, geometry.pagesPerBlock);
}

function closeGaps(weights: ReadonlyMap<number, number>, perBlock: number): string {
  const pages = [...weights.keys()].sort((a, b) => a - b);
  const lines: string[] = [];
  let block = -1;
  let blocks = 0;
  for (const page of pages) {
    const own = Math.floor(page / perBlock);
    if (own !== block) blocks++;
    block = own;
    lines.push(`${(blocks - 1) * perBlock + (page - own * perBlock)},${weights.get(page)}`);
  }
  return `${lines.join('\n')}\n`;
}

function malformed(path: string, problem: string, place = 'its footer'): OctavoError {
  return new OctavoError('FILE_MALFORMED', { path, problem, place });
}
