/** A board with something of everything, for tests of what serves it. */
import type { Board } from '../../src/dashboard/board.js';
import { MapBuilder } from '../../src/dashboard/map/build.js';
import type { MapModel } from '../../src/dashboard/map/map-model.js';
import type { Decision } from '../../src/dashboard/wire/events.js';
import { VIEW_NAMES, type ViewName } from '../../src/dashboard/wire/overview.js';
import { heatWords } from '../../src/reports/heat/scale.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';

const BLOCKS = 64;
const PAGES = BLOCKS * GEOMETRY_4K.pagesPerBlock;
const SLICES = 300;

export function fakeMap(layout = 1): MapModel {
  const segment = { pid: 4711, command: 'db', mapping: '[heap]', firstPage: 1024 * 512, pages: PAGES };
  const layOut = { segments: [{ ...segment, firstRow: 0, rows: PAGES }], rows: PAGES, rowPages: 1 };
  const columns = Array.from({ length: SLICES }, (_, at) => ({
    fromMs: at * 1000,
    seconds: 1,
    isGap: false,
  }));
  const builder = new MapBuilder(layOut, columns, {
    ...{ geometry: GEOMETRY_4K, clock: 'wall', granularity: 1, isThinned: false, widthMs: 1000, notes: [] },
    words: heatWords('all-accesses', true),
  });
  for (let at = 0; at < 20_000; at++) {
    const page = segment.firstPage + ((at * 7919) % PAGES);
    builder.add({ ...segment, page, samples: 1, accesses: 1 + (at % 5), timeMs: (at % SLICES) * 1000 });
  }
  return builder.build(layout);
}

export function decision(id: number, change: Partial<Decision> = {}): Decision {
  return {
    ...{ id, atMs: id * 1000, kind: 'split', target: 'redis', run: 'r1', pid: 4711, command: 'db' },
    ...{ address: '0x80000000', place: { segment: 0, page: 0 }, what: 'split to order 0', why: 'sparse' },
    ...{ outcome: 'met: mapped as order 0 now', predictedBytes: 4096, returnedBytes: 8192, ...change },
  };
}

export class FakeBoard implements Board {
  map: MapModel | undefined = fakeMap();
  decisions: readonly Decision[] = [decision(1)];
  /** Views that it lacks. */
  readonly lacks = new Set<ViewName>();

  has(view: ViewName): boolean {
    return !this.lacks.has(view);
  }

  overview(): ReturnType<Board['overview']> {
    const views = VIEW_NAMES.map((view) => [view, { has: this.has(view), why: '', remedy: '' }]);
    return {
      subject: { kind: 'agent', name: 'this host', isLive: true, state: 'running', troubles: [] },
      ...{
        atMs: 5,
        clock: 'wall',
        budgets: [],
        notes: [],
        facts: [['made by', 'a test']],
        actions: [],
        asked: [],
      },
      views: Object.fromEntries(views),
      targets: [
        {
          ...{ id: 't0', name: 'redis', match: 'unit redis', policy: 'chain', state: 'acting', processes: 1 },
          values: { residentBytes: 5, hugeBytes: null },
          guard: { why: '', state: 'clear', untilMs: null, blind: [] },
          ...{ nextMs: null, lastTurn: null },
        },
      ],
    };
  }

  series({ target, points }: Parameters<Board['series']>[0]): ReturnType<Board['series']> {
    const fields = [{ name: 'hugeBytes', nature: 'gauge', unit: 'bytes', tells: 'huge' } as const];
    return {
      clock: 'wall',
      fields,
      times: [points],
      targets: [{ id: 't0', name: target ?? 'all', values: { hugeBytes: [null] } }],
    };
  }

  orders(target: string | undefined): ReturnType<Board['orders']> {
    const moments = [
      { atMs: 1, label: target ?? 'all', parts: [{ order: null, bytes: 5 }], returnedBytes: null },
    ];
    return { clock: 'wall', pageBytes: 4096, hugeOrder: 9, moments };
  }

  log() {
    return { decisions: this.decisions, dropped: 0 };
  }

  pingPong(): ReturnType<Board['pingPong']> {
    return [
      {
        ...{ pid: 4711, command: 'db', address: '0x80000000', place: null, times: 3, by: 'kernel' },
        ...{ lastMs: 5, untilMs: null, why: 'khugepaged' },
      },
    ];
  }

  compare(): ReturnType<Board['compare']> {
    return { policies: [], groups: [], standings: [], published: [], unable: [], notes: [] };
  }

  story(): object {
    return { octavo: 'story', version: 1 };
  }

  explain(place: Parameters<Board['explain']>[0]) {
    return { isLive: true, why: '', lines: [JSON.stringify(place)] };
  }
}
