/** What the page says: times, cells, marks, tables, figures, how it stands to its server. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exampleMap } from '../../../test/support/example-map.js';
import type { Decision } from '../wire/events.js';
import type { Overview, TargetView } from '../wire/overview.js';
import { NO_MEMORY_SHARE, shareCode } from '../wire/tile.js';
import {
  type CellCodes,
  cellTable,
  codesWords,
  heatWords,
  placeWords,
  windowTable,
  windowWords,
} from './cells.js';
import { clockWords, columnAt, columnWords, momentAt, ticksOf } from './columns.js';
import { toldOf, waitBefore } from './connection.js';
import { Fold } from './fold.js';
import { boundsOf } from './map-link.js';
import { marksOf, shownMarks } from './marks.js';
import {
  budgetWords,
  bytesWords,
  decisionTable,
  pingPongTable,
  processWords,
  targetTable,
} from './tables.js';
import { wholeOf } from './window.js';

const map = exampleMap();
const fold = new Fold(map.segments);
const whole = wholeOf(boundsOf(map, fold));
const FIRST = map.columns[0].fromMs ?? 0;

const decision: Decision = {
  ...{ id: 1, atMs: FIRST + 500, kind: 'split', target: 'redis', run: 'r', pid: 7, command: 'redis' },
  ...{ address: '0x7f0000000000', place: { segment: 0, page: 0 }, what: 'split to order 0', why: 'cold' },
  ...{ outcome: 'met', predictedBytes: 4096, returnedBytes: null },
};

describe('time', () => {
  test('lies in columns, and nowhere before, behind or between them', () => {
    assert.equal(columnAt(map.columns, FIRST), 0);
    assert.equal(columnAt(map.columns, FIRST + 1500), 1.5);
    assert.equal(columnAt(map.columns, FIRST + 60_000), 60);
    assert.equal(columnAt(map.columns, FIRST - 1), undefined);
    assert.equal(columnAt(map.columns, FIRST + 60_001), undefined);
    const apart = [map.columns[0], map.columns[9]];
    assert.equal(columnAt(apart, FIRST + 5000), undefined);
    assert.equal(columnAt([], FIRST), undefined);
    const timeless = [{ fromMs: null, toMs: null, isGap: false }];
    assert.equal(columnAt(timeless, 0), undefined);
    assert.equal(momentAt(timeless, 0), undefined);
    assert.equal(momentAt(map.columns, 1.5), FIRST + 1500);
    assert.equal(momentAt(map.columns, 99), FIRST + 59_000);
  });

  test('has ticks at round moments of its clock', () => {
    const ticks = ticksOf(map.columns, [0, 60], 'wall', 6);
    assert.deepEqual(
      ticks.slice(0, 3).map(({ at, words }) => [at, words]),
      [
        [0, '00:00:00'],
        [10, '00:00:10'],
        [20, '00:00:20'],
      ],
    );
    assert.deepEqual(ticksOf(map.columns, [0, 60], 'recording', 6)[1], { at: 10, words: '+10 s' });
    assert.deepEqual(ticksOf([{ fromMs: null, toMs: null, isGap: false }], [0, 1], 'none', 6), []);
  });

  test('is told by the clock that it is of', () => {
    assert.equal(columnWords(map.columns, 1, 'wall'), '2026-01-01 00:00:01Z');
    assert.equal(columnWords(map.columns, 1, 'run'), '+1 s to +2 s');
    assert.equal(columnWords([{ fromMs: null, toMs: null, isGap: false }], 0, 'none'), 'whole recording');
    assert.match(clockWords('run'), /virtual/);
    assert.match(clockWords('none'), /not known/);
  });
});

describe('cells', () => {
  const cold: CellCodes = { heat: 1, touched: 0, huge: shareCode(1), order: shareCode(4 / 9) };
  const hidden: CellCodes = { heat: 0, touched: 255, huge: 255, order: 255 };

  test('say what is known, and never call unknown cold', () => {
    assert.equal(heatWords(0, map.scale), 'not known');
    assert.equal(heatWords(1, map.scale), 'looked at, nothing seen');
    assert.equal(heatWords(255, map.scale), '1.00 k accesses a second and page');
    assert.equal(
      codesWords(cold, map),
      'looked at, nothing seen; 0 % of its pages touched; 100 % mapped by huge pages',
    );
    assert.equal(codesWords(hidden, map), 'not known; pages touched not known; folios not known');
    assert.equal(
      codesWords({ ...hidden, huge: NO_MEMORY_SHARE }, { ...map, hasTouched: false }),
      'no memory there',
    );
    const ordered = { ...map, hasHeat: false, hasTouched: false, hasOrders: true, hasHuge: false };
    assert.equal(codesWords(cold, ordered), 'folios of 64 KiB');
    assert.equal(codesWords(hidden, ordered), 'folio orders not known');
    assert.equal(codesWords({ ...hidden, order: NO_MEMORY_SHARE }, ordered), 'no memory there');
    assert.equal(
      codesWords(cold, { ...map, hasHeat: false, hasTouched: false }),
      '100 % mapped by huge pages',
    );
  });

  test('say where they are', () => {
    const at = { column: 3.7, line: 515, level: 3, zoom: 0 };
    assert.equal(
      placeWords(at, map, fold),
      'process 7 (7), [heap], 32 KiB at 0x7f0000200000, 2026-01-01 00:00:03Z',
    );
    assert.equal(placeWords({ ...at, line: -1 }, map, fold), '');
    assert.equal(placeWords({ ...at, column: 60 }, map, fold), '');
  });

  test('are a table of means of what is known', () => {
    const cellAt = (column: number, line: number) =>
      line >= 4608 ? undefined : column < 30 ? cold : line < 4096 ? hidden : { ...cold, heat: 255 };
    const { head, rows } = windowTable(map, fold, whole, cellAt, 'heat');
    assert.equal(head.length, 7);
    assert.equal(rows.length, 12);
    assert.deepEqual([rows[0][1], rows[0][6]], ['nothing seen', 'not known']);
    assert.equal(rows[11][1], 'not loaded yet');
    assert.match(rows[0][0], /^process 7 \[heap\] 0x7f0000000000$/);
    assert.equal(windowTable(map, fold, whole, cellAt, 'huge').rows[0][1], '100 %');
    const emptied = (column: number, line: number) =>
      line < 4096 && column < 5 ? cold : { ...hidden, huge: NO_MEMORY_SHARE };
    const { rows: of } = windowTable(map, fold, whole, emptied, 'huge');
    assert.deepEqual([of[0][1], of[0][6]], ['100 %', 'no memory there']);
    assert.equal(windowTable(map, fold, whole, cellAt, 'order').rows[0][1], 'folios of 64 KiB');
  });

  test('are rows of a spreadsheet at the level that is seen', () => {
    const window = { left: 0, right: 2, top: 4090, bottom: 4104 };
    const { head, rows } = cellTable(map, fold, window, { level: 2, zoom: 0 }, (column) =>
      column < 1 ? cold : hidden,
    );
    assert.equal(head.length, rows[0].length);
    assert.equal(rows.length, 2 * (2 + 2));
    assert.deepEqual(rows[0].slice(3), ['16384', String(FIRST), '0', '0', '1', rows[0][8]]);
    assert.ok(Math.abs(Number(rows[0][8]) - 4) < 0.05, rows[0][8]);
    assert.deepEqual(rows[1].slice(5), ['', '', '', '']);
  });
});

test('the map says what is seen of it', () => {
  const words = windowWords({ map, fold, window: { left: 1, right: 3, top: 0, bottom: 4100 } }, 'huge');
  assert.match(
    words,
    /^Share mapped by huge pages over time and addresses: 16\.0 MiB in 2 parts of the address space, /,
  );
  assert.match(words, /from 2026-01-01 00:00:01Z to 2026-01-01 00:00:02Z\. Arrow keys /);
});

describe('marks', () => {
  test('are where and when something was split or collapsed', () => {
    const all = marksOf(
      [decision, { ...decision, kind: 'refused' }, { ...decision, place: null }, { ...decision, atMs: 0 }],
      fold,
      map.columns,
    );
    assert.deepEqual(
      all.map(({ kind, column, line }) => [kind, column, line]),
      [['split', 0.5, 0]],
    );
  });

  test('become one with a number where they would lie over each other', () => {
    const place = (page: number) => ({ ...decision, place: { segment: 0, page } });
    const marks = marksOf([place(0), place(1), place(4000)], fold, map.columns);
    const shown = shownMarks(marks, whole, [600, 400]);
    assert.deepEqual(
      shown.map(({ count, x }) => [count, x]),
      [
        [2, 5],
        [1, 5],
      ],
    );
    assert.deepEqual(shownMarks(marks, { ...whole, left: 1 }, [600, 400]), []);
    assert.deepEqual(shownMarks(marks, { ...whole, top: 4050 }, [600, 400]), []);
  });
});

describe('tables', () => {
  const target = {
    name: 'redis',
    match: 'unit x',
    policy: 'octavo',
    state: 'acting',
    processes: null,
  } as const;
  const guard = { why: 'pressure', state: 'clear', untilMs: null, blind: [] } as const;

  test('leave out what is not known', () => {
    const view = {
      ...target,
      id: 't0',
      values: { residentBytes: 5, hugeBytes: null },
      guard,
      nextMs: null,
      lastTurn: null,
    };
    const { head, rows } = targetTable([view as unknown as TargetView]);
    assert.deepEqual(head.slice(4, 7), ['processes', 'residentBytes', 'hugeBytes']);
    assert.deepEqual(rows[0].slice(4), ['', '5', '', 'clear', 'pressure']);
    assert.equal(bytesWords(null), '–');
    assert.equal(bytesWords(2 ** 20), '1 MiB');
  });

  test('say of decisions and blocks when, where, what and why', () => {
    const { head, rows } = decisionTable([decision], 'wall');
    assert.equal(head.length, rows[0].length);
    assert.deepEqual(rows[0].slice(0, 5), [
      '2026-01-01 00:00:00Z',
      'split',
      'redis',
      'redis (7)',
      '0x7f0000000000',
    ]);
    assert.deepEqual(rows[0].slice(8, 10), ['4096', '']);
    const block = {
      pid: 7,
      command: '',
      address: '0x1',
      place: null,
      times: 3,
      by: 'kernel',
      lastMs: 1000,
      untilMs: null,
      why: 'w',
    } as const;
    const document = { octavo: 'dashboard-pingpong', version: 1, revision: 1, blocks: [block] } as const;
    assert.deepEqual(pingPongTable({ ...document, blocks: [block] }, 'run').rows, [
      ['pid 7', '0x1', '3', 'kernel', '+1 s', '', 'w'],
    ]);
    assert.equal(processWords({ pid: null, command: 'x' }), 'x');
  });

  test('say how much of a budget is used', () => {
    const of = (
      used: number | null,
      limit: number | null,
      unit: 'bytes' | 'share' | 'milliseconds' | 'count',
    ) => budgetWords({ name: 'n', target: null, used, limit, unit });
    assert.deepEqual(of(2 ** 20, 2 ** 21, 'bytes'), { share: 0.5, words: '1 MiB of 2 MiB' });
    assert.deepEqual(of(0.02, 0.01, 'share'), { share: 2, words: '2.00 % of 1.00 %' });
    assert.deepEqual(of(null, 10, 'count'), { share: undefined, words: 'not known of 10' });
    assert.deepEqual(of(1500, null, 'milliseconds'), { share: undefined, words: '1.50 s, no bound' });
    assert.equal(of(0, 0, 'count').share, 1);
  });
});

describe('how the page stands to its server', () => {
  const overview = (subject: Partial<Overview['subject']>) =>
    ({
      subject: { kind: 'agent', name: 'n', isLive: true, state: 'running', troubles: [], ...subject },
    }) as unknown as Overview;
  const live = { standing: 'live', sinceMs: 0 } as const;

  test('is said in a word and, where something is wrong, in a sentence', () => {
    const row = (...[connection, subject]: Parameters<typeof toldOf>) => {
      const { tone, short, long } = toldOf(connection, subject, 65_000);
      return [tone, short, long.slice(0, 24)];
    };
    assert.deepEqual(row({ standing: 'opening', sinceMs: 0 }, undefined, 0), ['plain', 'connecting', '']);
    assert.deepEqual(row(live, undefined, 0), ['plain', 'connecting', '']);
    assert.deepEqual(row(live, overview({}), 0), ['good', 'live', '']);
    assert.deepEqual(row(live, overview({ troubles: ['Late.'] }), 0), ['warn', 'live', 'Late.']);
    assert.deepEqual(row(live, overview({ isLive: false, state: 'still' }), 0), ['plain', 'recorded', '']);
    assert.deepEqual(row(live, overview({ state: 'absent' }), 0), [
      'warn',
      'no agent',
      'No agent runs on this ho',
    ]);
    assert.deepEqual(row(live, overview({ state: 'ended' }), 0), [
      'warn',
      'agent ended',
      'The agent has ended; wha',
    ]);
    assert.deepEqual(row({ standing: 'lost', sinceMs: 0 }, overview({}), 0), [
      'bad',
      'stale',
      'No connection for 65 s. ',
    ]);
    assert.deepEqual(row({ standing: 'locked', sinceMs: 0 }, overview({}), 0), [
      'bad',
      'locked',
      'This browser has no vali',
    ]);
  });

  test('waits longer from attempt to attempt, within bounds', () => {
    assert.deepEqual(
      [-1, 0, 1, 2, 3, 4, 5, 60].map(waitBefore),
      [500, 500, 1000, 2000, 4000, 8000, 15_000, 15_000],
    );
  });
});
