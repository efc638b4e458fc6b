/** A map of the dashboard as a server describes it: three segments of two processes, sixty slices of a second. */
import type { MapView } from '../../src/dashboard/wire/map.js';

const PAGE = 4096;
const FIRST_MS = 1_767_225_600_000;

export function exampleMap(more: Partial<MapView> = {}): MapView {
  const segment = (id: number, pid: number, firstPage: number, pages: number) => ({
    ...{ id, pid, command: `process ${pid}`, mapping: id === 0 ? '[heap]' : '', target: 't0' },
    ...{ address: `0x${(firstPage * PAGE).toString(16)}`, firstPage, pages, rate: 1, hugeBytes: 0 },
  });
  return {
    ...{ octavo: 'dashboard-map', version: 1, revision: 1, layout: 1 },
    geometry: { pageBytes: PAGE, blockBytes: 512 * PAGE, pagesPerBlock: 512 },
    clock: 'wall',
    columns: Array.from({ length: 60 }, (_, at) => ({
      fromMs: FIRST_MS + 1000 * at,
      toMs: FIRST_MS + 1000 * (at + 1),
      isGap: false,
    })),
    segments: [
      segment(0, 7, 0x7f0000000, 4096),
      segment(1, 7, 0x7f1000000, 512),
      segment(2, 9, 0x555550000, 1024),
    ],
    ...{ leastLevel: 0, mostLevel: 4, mostZoom: 0, tile: { rows: 256, columns: 256 } },
    scale: {
      unit: 'accesses a second and page',
      one: 'access',
      isTimed: true,
      caution: '',
      least: 1,
      most: 1000,
    },
    ...{ hasHeat: true, hasTouched: true, hasHuge: true, hasOrders: false, cells: 1000, notes: [] },
    ...more,
  };
}
