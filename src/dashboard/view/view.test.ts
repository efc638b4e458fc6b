/** The pure parts of the page: where things are, which tiles are asked for, what links and tables say. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exampleMap } from '../../../test/support/example-map.js';
import fc from '../../../test/support/properties.js';
import { HEAT_COLOURS } from '../../reports/design/heat-colours.js';
import { NO_MEMORY_SHARE, shareCode, UNKNOWN_HEAT, UNKNOWN_SHARE } from '../wire/tile.js';
import { coloursOf, NO_MEMORY_COLOUR, paintCells, paintNoMemory } from './colours.js';
import { csvOf } from './csv.js';
import { Fold } from './fold.js';
import { areaOf, coarser, levelFor, type TileId, tileKey, tilesOf } from './levels.js';
import { readLink, tokenOf, writeLink } from './link.js';
import { boundsOf, lineOfText, linkOfWindow, placeText, windowOfLink } from './map-link.js';
import { outlineOf } from './outline.js';
import { addressRows, columnOf, lineOf, pieceOf, xOf, yOf } from './picture.js';
import { between, followed, held, type MapWindow, panned, wholeOf, zoomed } from './window.js';

const map = exampleMap();
const fold = new Fold(map.segments);
const bounds = boundsOf(map, fold);
const whole = wholeOf(bounds);
const plot = { left: 100, top: 0, width: 1000, height: 600 };
const share = fc.double({ min: 0, max: 1, noNaN: true });

/** A window within the bounds. */
const windows = fc.tuple(share, share, share, share).map(([a, b, c, d]): MapWindow => {
  const [left, right] = [Math.min(a, b) * bounds.columns, Math.max(a, b) * bounds.columns];
  const [top, bottom] = [Math.min(c, d) * bounds.pages, Math.max(c, d) * bounds.pages];
  return held({ left, right, top, bottom }, bounds);
});

describe('the line of addresses', () => {
  test('has the segments behind each other', () => {
    assert.equal(fold.pages, 4096 + 512 + 1024);
    assert.deepEqual(
      fold.segments.map(({ at }) => at),
      [0, 4096, 4608],
    );
  });

  test('leads to pages and back, and nowhere beyond its ends', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: fold.pages - 1 }), (line) => {
        const place = fold.placeOf(line);
        assert.ok(place !== undefined);
        assert.equal(fold.lineOf(place.segment.id, place.page), line);
        assert.equal(fold.lineOfPage(place.segment.pid, place.segment.firstPage + place.page), line);
      }),
    );
    for (const beyond of [-1, fold.pages, Number.NaN]) assert.equal(fold.placeOf(beyond), undefined);
    assert.equal(fold.placeOf(4095.9)?.page, 4095);
    assert.equal(fold.lineOf(1, 512), undefined);
    assert.equal(fold.lineOf(1, -1), undefined);
    assert.equal(fold.lineOf(9, 0), undefined);
    assert.equal(fold.lineOfPage(8, map.segments[0].firstPage), undefined);
  });

  test('tells which segments are within a part of it', () => {
    const ids = (from: number, to: number) => fold.within(from, to).map(({ id }) => id);
    assert.deepEqual(ids(0, 4096), [0]);
    assert.deepEqual(ids(4095, 4097), [0, 1]);
    assert.deepEqual(ids(4608, 5000), [2]);
  });
});

describe('the window', () => {
  test('stays within its bounds whatever is done', () => {
    const acts = fc.record({ factor: fc.double({ min: 0.01, max: 100, noNaN: true }), x: share, y: share });
    fc.assert(
      fc.property(windows, acts, fc.constantFrom('both', 'time', 'space'), (window, act, axes) => {
        for (const next of [
          zoomed(window, { ...act, axes }, bounds),
          panned(window, act.x, -act.y, bounds),
        ]) {
          assert.ok(next.left >= 0 && next.right <= bounds.columns + 1e-9);
          assert.ok(next.top >= 0 && next.bottom <= bounds.pages + 1e-6);
          assert.ok(next.right - next.left >= bounds.leastColumns - 1e-9);
          assert.ok(next.bottom - next.top >= bounds.leastPages - 1e-6);
        }
      }),
    );
  });

  test('zooms around a place that stays where it is', () => {
    const from: MapWindow = { left: 10, right: 20, top: 1000, bottom: 2000 };
    const near = zoomed(from, { factor: 2, x: 0.25, y: 0.5, axes: 'both' }, bounds);
    assert.deepEqual(near, { left: 11.25, right: 16.25, top: 1250, bottom: 1750 });
    assert.deepEqual(zoomed(from, { factor: 2, x: 0.25, y: 0.5, axes: 'time' }, bounds), {
      ...from,
      left: 11.25,
      right: 16.25,
    });
    assert.deepEqual(zoomed(from, { factor: 2, x: 0.25, y: 0.5, axes: 'space' }, bounds), {
      ...from,
      top: 1250,
      bottom: 1750,
    });
  });

  test('goes down to a few pages, and up to all of it', () => {
    let window = whole;
    for (let at = 0; at < 60; at++)
      window = zoomed(window, { factor: 2, x: 0.5, y: 0.5, axes: 'both' }, bounds);
    assert.equal(window.bottom - window.top, 16);
    assert.equal(window.right - window.left, 2);
    for (let at = 0; at < 60; at++)
      window = zoomed(window, { factor: 0.5, x: 0.1, y: 0.9, axes: 'both' }, bounds);
    assert.deepEqual(window, whole);
  });

  test('follows new time where it had reached the end', () => {
    const after = { ...bounds, columns: bounds.columns + 10, pages: bounds.pages + 512 };
    assert.deepEqual(followed(whole, bounds, after), wholeOf(after));
    const atEnd: MapWindow = { left: bounds.columns - 4, right: bounds.columns, top: 0, bottom: 100 };
    assert.deepEqual(followed(atEnd, bounds, after), {
      left: bounds.columns + 6,
      right: bounds.columns + 10,
      top: 0,
      bottom: 100,
    });
    const before: MapWindow = { left: 2, right: 8, top: 0, bottom: 100 };
    assert.deepEqual(followed(before, bounds, after), before);
  });

  test('glides from one to the other', () => {
    fc.assert(
      fc.property(windows, windows, share, (from, to, at) => {
        const { left, right, top, bottom } = between(from, to, at);
        assert.ok(right > left && bottom > top);
        assert.ok(Math.abs(between(from, to, 0).left - from.left) < 1e-6);
        assert.deepEqual(between(from, to, 1), to);
      }),
    );
    const half = between(
      { left: 0, right: 100, top: 0, bottom: 16 },
      { left: 0, right: 1, top: 0, bottom: 16 },
      0.5,
    );
    assert.ok(Math.abs(half.right - 10) < 1e-9, 'equal factors in equal times');
  });
});

describe('levels', () => {
  test('have cells of a pixel or more, and less than two where the grid is fine enough', () => {
    fc.assert(
      fc.property(windows, (window) => {
        const { level, zoom } = levelFor(window, [plot.width, plot.height], map);
        const height = (2 ** level * plot.height) / (window.bottom - window.top);
        const width = (2 ** zoom * plot.width) / (window.right - window.left);
        if (level < map.mostLevel) assert.ok(height >= 1 - 1e-9);
        if (level > map.leastLevel) assert.ok(height < 2);
        if (zoom < map.mostZoom) assert.ok(width >= 1 - 1e-9);
        if (zoom > 0) assert.ok(width < 2);
      }),
    );
  });

  test('are covered by the tiles that are asked for, each once', () => {
    fc.assert(
      fc.property(windows, share, share, (window, x, y) => {
        const level = levelFor(window, [plot.width, plot.height], map);
        const tiles = tilesOf(fold, window, level, map);
        assert.equal(new Set(tiles.map(tileKey)).size, tiles.length);
        const line = window.top + y * (window.bottom - window.top) * 0.999;
        const column = window.left + x * (window.right - window.left) * 0.999;
        const place = fold.placeOf(line);
        const covers = tiles.filter((id) => {
          const { left, right, top, bottom } = areaOf(id, map);
          const isThere = id.segment.id === place?.segment.id && place.page >= top && place.page < bottom;
          return isThere && column >= left && column < right;
        });
        assert.equal(covers.length, 1);
      }),
    );
  });

  test('begin with what is in the middle', () => {
    const tiles = tilesOf(fold, whole, { level: 2, zoom: 0 }, map);
    const far = ({ segment, row }: TileId) => Math.abs(segment.at + (row + 0.5) * 1024 - fold.pages / 2);
    assert.ok(far(tiles[0]) <= far(tiles[tiles.length - 1]));
  });

  test('lead to coarser tiles that cover the same', () => {
    const id: TileId = { segment: fold.segments[0], level: 0, zoom: 0, row: 13, column: 0 };
    const above = coarser(id, 2, map);
    assert.ok(above !== undefined);
    const [fine, coarse] = [areaOf(id, map), areaOf(above, map)];
    assert.ok(coarse.top <= fine.top && coarse.bottom >= fine.bottom);
    assert.equal(coarser({ ...id, level: map.mostLevel, zoom: map.mostZoom }, 1, map), undefined);
    const steps = Array.from({ length: 40 }, (_, at) => coarser(id, at + 1, map)).filter(
      (one) => one !== undefined,
    );
    assert.equal(steps.length, Math.max(map.mostLevel, map.mostZoom));
  });
});

describe('the picture', () => {
  test('leads from places to pixels and back', () => {
    fc.assert(
      fc.property(windows, share, share, (window, x, y) => {
        const [column, line] = [
          window.left + x * (window.right - window.left),
          window.top + y * (window.bottom - window.top),
        ];
        assert.ok(Math.abs(columnOf(xOf(column, window, plot), window, plot) - column) < 1e-6);
        assert.ok(Math.abs(lineOf(yOf(line, window, plot), window, plot) - line) < 1e-4);
      }),
    );
  });

  test('takes from a coarser tile what the finer one would show, and nothing beyond segment and columns', () => {
    const scene = { window: whole, plot, columns: map.columns.length, ratio: 1 };
    const [segment] = fold.segments;
    const wanted: TileId = { segment, level: 0, zoom: 0, row: 1, column: 0 };
    const kept: TileId = { segment, level: 3, zoom: 1, row: 0, column: 0 };
    const piece = pieceOf(wanted, kept, map, scene);
    assert.deepEqual(piece?.from, { x: 0, y: 32, width: map.columns.length / 2, height: 32 });
    assert.equal(piece?.to.x, plot.left);
    assert.equal(piece?.to.width, plot.width);
    const last: TileId = { segment: fold.segments[1], level: 2, zoom: 0, row: 0, column: 0 };
    assert.equal(pieceOf(last, last, map, scene)?.from.height, 128, 'a segment ends before its tile');
    assert.equal(pieceOf({ ...wanted, row: 99 }, wanted, map, scene), undefined);
    assert.equal(pieceOf(wanted, wanted, map, { ...scene, window: { ...whole, top: 4096 } }), undefined);
  });

  test('writes addresses at the top of a segment and at round steps', () => {
    const rows = addressRows(fold.segments[0], whole, plot, 26);
    assert.equal(rows[0], 0);
    const perPage = plot.height / fold.pages;
    for (let at = 1; at < rows.length; at++) assert.ok((rows[at] - rows[at - 1]) * perPage >= 26);
    assert.ok(rows.length > 4);
  });
});

describe('colours', () => {
  const range = { least: 1, most: 1000 };

  test('never give what is not known one, nor what nothing was seen of the colour of something', () => {
    for (const plane of ['heat', 'touched', 'huge', 'order'] as const) {
      const table = coloursOf(plane, range);
      const unknown = plane === 'heat' ? UNKNOWN_HEAT : UNKNOWN_SHARE;
      for (let code = 0; code < 256; code++)
        assert.equal(table[4 * code + 3], code === unknown ? 0 : 255, `${plane} ${code}`);
    }
    const shares = coloursOf('huge', range);
    const noMemory = shares.subarray(4 * NO_MEMORY_SHARE, 4 * NO_MEMORY_SHARE + 3);
    for (let code = 0; code < NO_MEMORY_SHARE; code++)
      assert.notDeepEqual(noMemory, shares.subarray(4 * code, 4 * code + 3), `${code}`);
    const heat = coloursOf('heat', range);
    const colour = (code: number) => [...heat.subarray(4 * code, 4 * code + 3)];
    assert.deepEqual(colour(1), [...HEAT_COLOURS[0]]);
    assert.notDeepEqual(colour(2), colour(1));
    assert.deepEqual(colour(255), [...HEAT_COLOURS[63]]);
  });

  test('are laid on cells one by one', () => {
    const picture = new Uint8ClampedArray(12);
    paintCells(Uint8Array.of(0, 1, 255), coloursOf('heat', range), picture);
    assert.deepEqual([...picture], [0, 0, 0, 0, ...HEAT_COLOURS[0], 255, ...HEAT_COLOURS[63], 255]);
  });

  test('tell where there is no memory from where nobody looked, also on heat', () => {
    const heat = Uint8Array.of(UNKNOWN_HEAT, UNKNOWN_HEAT, 255);
    const huge = Uint8Array.of(NO_MEMORY_SHARE, UNKNOWN_SHARE, NO_MEMORY_SHARE);
    const picture = new Uint8ClampedArray(12);
    paintNoMemory({ heat, huge }, picture);
    assert.deepEqual([...picture], [...NO_MEMORY_COLOUR, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('outline what is huge, also beside what is not known, and not the rim of the tile', () => {
    const WHOLE = shareCode(1);
    const cells = Uint8Array.of(WHOLE, WHOLE, 0, WHOLE, 255, 0, NO_MEMORY_SHARE, 0, 0);
    const sides = outlineOf(cells, 3, 3);
    const found: number[][] = [];
    for (let at = 0; at < sides.length; at += 3) found.push([...sides.subarray(at, at + 3)]);
    assert.deepEqual(found, [
      [1, 1, 1],
      [0, 2, 1],
      [1, 1, -1],
      [2, 0, -1],
    ]);
  });
});

describe('links', () => {
  test('say where the reader is, and lead there again', () => {
    const link = {
      ...({ view: 'map', target: 't1', top: '7@0x1000', bottom: '7@0xffff000', from: 12, to: 99.5 } as const),
      ...({ plane: 'huge', outlines: false, marks: true, at: '7@0x2000' } as const),
      ...{ kind: 'split', text: 'a & b = c', name: 'redis #1', run: '2026-x' },
    };
    assert.deepEqual(readLink(writeLink(link)), link);
    assert.match(writeLink(link), /^#view=map&target=t1&top=7@0x1000&/);
  });

  test('that are wrong lead somewhere', () => {
    for (const hash of [
      '',
      '#',
      '#view=nowhere',
      '#view=map&top=1;DROP&from=NaN&plane=x&outlines=maybe&at=7@12',
    ])
      assert.deepEqual(readLink(hash), { view: hash.includes('map') ? 'map' : 'overview' });
    fc.assert(fc.property(fc.string(), (hash) => void writeLink(readLink(`#${hash}`))));
    assert.equal(readLink(`#text=${'x'.repeat(900)}`).text?.length, 200);
  });

  test('may carry a token, which no link that is written does', () => {
    assert.equal(tokenOf('#token=abc&view=map'), 'abc');
    assert.equal(tokenOf('#view=map'), undefined);
    assert.equal(writeLink(readLink('#token=abc&view=map')), '#view=map');
  });

  test('say the part of the map that is seen by addresses and times', () => {
    assert.deepEqual(linkOfWindow(map, fold, whole), {});
    fc.assert(
      fc.property(windows, (window) => {
        const again = windowOfLink(map, fold, { view: 'map', ...linkOfWindow(map, fold, window) });
        assert.ok(Math.abs(again.top - window.top) <= 2 && Math.abs(again.bottom - window.bottom) <= 2);
        assert.ok(Math.abs(again.left - window.left) < 0.05 && Math.abs(again.right - window.right) < 0.05);
      }),
    );
    assert.deepEqual(windowOfLink(map, fold, { view: 'map', top: '7@0x1', bottom: '7@0x2' }), whole);
  });

  test('name places by process and address', () => {
    const text = placeText(map, fold, 4096 + 3);
    assert.equal(text, `7@0x${((map.segments[1].firstPage + 3) * 4096).toString(16)}`);
    assert.equal(lineOfText(map, fold, text), 4096 + 3);
    for (const none of [undefined, '', '7', '8@0x0', '7@zzz'])
      assert.equal(lineOfText(map, fold, none), undefined);
  });
});

describe('CSV', () => {
  test('keeps what is written, and makes no formula of it', () => {
    const head = ['a', 'b,c', 'd"e', 'f'];
    assert.equal(
      csvOf({
        head,
        rows: [
          ['1', '-2.5e3', 'x\ny', '=SUM(A1)'],
          ['@x', '+1', '-cmd', ''],
        ],
      }),
      'a,"b,c","d""e",f\r\n1,-2.5e3,"x\ny",\'=SUM(A1)\r\n\'@x,\'+1,\'-cmd,\r\n',
    );
  });
});
