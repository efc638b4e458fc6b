/** Which recorded mappings touched memory lies in: kept in a heat file, and looked up when it is reported. */
import type { HeatFacts } from '../../formats/heat-file/facts.js';
import type { RecordedMapping } from '../../formats/perf-data/mappings.js';
import type { HotMap } from '../../vocabulary/hot-map.js';
import { type PageGeometry, type PageNumber, type ProcessId, pageToAddress } from '../../vocabulary/units.js';
import type { Imported } from './imported.js';

type KeptMapping = NonNullable<HeatFacts['mappings']>[number];

/** Mappings kept in a heat file; memory of further ones is reported by its name alone. */
const MOST_KEPT = 20_000;

/** The mappings that hold a block with samples. */
export function touchedMappings(imported: Imported, geometry: PageGeometry): KeptMapping[] {
  return imported.maps
    .flatMap((map) =>
      holding(map, imported.mappingsOf(map.process.pid)).map(({ start, end, name }) => ({
        pid: map.process.pid,
        start: pageToAddress(start, geometry),
        end: pageToAddress(end, geometry),
        name,
      })),
    )
    .slice(0, MOST_KEPT);
}

/** Both lists ascend, so that one pass finds the mappings that some block reaches into. */
function holding(map: HotMap, mappings: readonly RecordedMapping[]): RecordedMapping[] {
  const blocks = map.blocks();
  const perBlock = map.geometry.pagesPerBlock;
  let at = 0;
  return mappings.filter(({ start, end }) => {
    while (at < blocks.length && (blocks[at] + 1) * perBlock <= start) at++;
    return at < blocks.length && blocks[at] * perBlock < end;
  });
}

const NOWHERE = { start: '', end: '' };

/** Finds the mapping of a page, pages of a process being asked for in ascending order. */
export class MappingPlaces {
  readonly #byProcess = new Map<ProcessId, { first: PageNumber; end: PageNumber; kept: KeptMapping }[]>();
  #pid: ProcessId = -1;
  #at = 0;

  constructor(mappings: readonly KeptMapping[], geometry: PageGeometry) {
    const pageOf = (address: string) => Number(BigInt(address) / BigInt(geometry.pageBytes));
    for (const kept of mappings) {
      const list = this.#byProcess.get(kept.pid) ?? [];
      list.push({ first: pageOf(kept.start), end: pageOf(kept.end), kept });
      this.#byProcess.set(kept.pid, list);
    }
  }

  find(pid: ProcessId, page: PageNumber): { readonly start: string; readonly end: string } {
    const list = this.#byProcess.get(pid) ?? [];
    if (pid !== this.#pid || (list[this.#at]?.first ?? 0) > page) this.#at = 0;
    this.#pid = pid;
    while (this.#at < list.length && list[this.#at].end <= page) this.#at++;
    const found = list[this.#at];
    return found !== undefined && found.first <= page ? found.kept : NOWHERE;
  }
}
