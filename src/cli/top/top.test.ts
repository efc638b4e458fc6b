/** Keys, lists on screens of any size, and a session on a model host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { surveyOf, world } from '../../../test/support/survey-world.js';
import { terminalOn } from '../../../test/support/terminal.js';
import { frameOfAgent, frameOfSurvey, seenOf } from '../../top/feeds.js';
import { ordered, type TopTarget } from '../../top/frame.js';
import { widthOf } from '../print/wrap.js';
import { drawList, type List, moved, roomFor, spokenList } from './list.js';
import { actionsOf, entered, FIRST_VIEW, here, left, nextOrder, withCursor } from './view.js';

const LOOK = { ascii: false, colour: false };

function list(rows: number, below: readonly string[] = []): List {
  return {
    title: 'things',
    columns: [
      { title: 'name', drop: 0 },
      { title: 'size', right: true, drop: 1 },
      { title: 'kind', drop: 2 },
    ],
    rows: Array.from({ length: rows }, (_, at) => ({
      key: `${at}`,
      cells: [`row ${at}`, `${at} MiB`, 'anon'],
    })),
    empty: 'none',
    below,
  };
}

const START = { selected: 0, top: 0 };

test('keys: arrows of both modes, letters, sequences cut out of what was typed at once', () => {
  const does = (typed: string) => actionsOf(typed).map((action) => action.does);
  assert.deepEqual(does('\x1b[A\x1bOBkj'), ['move', 'move', 'move', 'move']);
  assert.deepEqual(does('\x1b[5~\x1b[6~'), ['page', 'page']);
  assert.deepEqual(does('\r\x1b[C\x1b\x1b[D\x7f'), ['open', 'open', 'back', 'back', 'back']);
  assert.deepEqual(does('sdh? rq'), ['order', 'decisions', 'help', 'help', 'hold', 'again', 'quit']);
  assert.deepEqual(does('\x03'), ['quit']);
  assert.deepEqual(does('xyz\x1b[99q\x1b[200~'), []);
  assert.deepEqual(actionsOf('\x1b[A'), [{ does: 'move', by: -1 }]);
  assert.deepEqual(actionsOf('constructor').map(({ does: one }) => one), ['order', 'again', 'again']); // biome-ignore format: one line
});

test('the way into the view and back', () => {
  const inside = entered(FIRST_VIEW, { level: 'mappings', pid: 7 });
  assert.deepEqual(here(inside).place, { level: 'mappings', pid: 7 });
  assert.deepEqual(here(left(inside)), here(FIRST_VIEW));
  assert.equal(left(FIRST_VIEW), FIRST_VIEW);
  assert.deepEqual(here(withCursor(inside, { selected: 3, top: 1 })).cursor, { selected: 3, top: 1 });
  let view = FIRST_VIEW;
  const orders = Array.from({ length: 6 }, () => {
    view = nextOrder(view);
    return view.order;
  });
  assert.deepEqual(orders, ['heat', 'came-back', 'resident', 'name', 'bloat', 'heat']);
});

test('a cursor stays on the list and in sight', () => {
  const size = { columns: 40, rows: 8 };
  const long = list(20);
  assert.equal(roomFor(long, size), 5);
  assert.equal(roomFor(list(3, ['a', 'b']), size), 3);
  assert.equal(roomFor(list(3), { columns: 40, rows: 1 }), 1);
  assert.deepEqual(moved(START, -1, long, size), START);
  assert.deepEqual(moved(START, 4, long, size), { selected: 4, top: 0 });
  assert.deepEqual(moved(START, 5, long, size), { selected: 5, top: 1 });
  assert.deepEqual(moved({ selected: 5, top: 1 }, -5, long, size), START);
  assert.deepEqual(moved(START, Number.POSITIVE_INFINITY, long, size), { selected: 19, top: 15 });
  assert.deepEqual(moved({ selected: 19, top: 15 }, 0, list(2), size), { selected: 1, top: 0 });
  assert.deepEqual(moved(START, 1, list(0), size), START);
});

test('exactly the screen is filled, at any size, and nothing is wider', () => {
  for (const [columns, rows] of [[80, 24], [200, 50], [40, 5], [10, 3], [1, 1]]) {
    for (const shown of [list(0), list(3), list(100, ['because', 'x'.repeat(300)])]) {
      const lines = drawList(shown, START, 'q quit', { columns, rows }, LOOK);
      assert.equal(lines.length, rows, `${columns}x${rows}`);
      for (const line of lines) assert.ok(widthOf(line) <= columns, line);
    }
  }
}); // biome-ignore format: pairs

test('what is chosen is marked without colour; columns go where there is no room', () => {
  const wide = drawList(list(2), { selected: 1, top: 0 }, 'q quit', { columns: 60, rows: 6 }, LOOK);
  assert.deepEqual(wide, ['things', '  name    size  kind', '  row 0  0 MiB  anon', '> row 1  1 MiB  anon', '', 'q quit']); // biome-ignore format: one line
  const narrow = drawList(list(1), START, 'q', { columns: 16, rows: 4 }, LOOK);
  assert.deepEqual(narrow, ['things', '  name    size', '> row 0  0 MiB', 'q']);
  const narrowest = drawList(list(1), START, 'q', { columns: 9, rows: 4 }, LOOK);
  assert.deepEqual(narrowest, ['things', '  name', '> row 0', 'q']);
  const coloured = drawList(list(1), START, 'q', { columns: 16, rows: 4 }, { ascii: false, colour: true });
  assert.equal(coloured[2], '\x1b[7m> row 0  0 MiB\x1b[27m');
  assert.equal(coloured[1], '\x1b[1m  name    size\x1b[22m');
});

test('what a terminal would obey is not passed on; ASCII where there is nothing else', () => {
  const bad = { ...list(1), rows: [{ key: 'k', cells: ['a\x1b[2Jb', '~1 (0–2)', 'é'] }] };
  const [, , row] = drawList(bad, START, '', { columns: 80, rows: 5 }, { ascii: true, colour: false });
  assert.equal(row, '> a?[2Jb  ~1 (0-2)  e');
  assert.match(
    drawList(list(9), { selected: 6, top: 5 }, '', { columns: 80, rows: 5 }, LOOK)[0],
    /6–7 of 9$/,
  );
  assert.equal(drawList(list(0), START, '', { columns: 80, rows: 5 }, LOOK)[2], '  none');
});

test('spoken: a sentence for each row, with the names of what it tells', () => {
  assert.deepEqual(spokenList(list(1, ['because']), LOOK), ['things', '1: name row 0, size 0 MiB, kind anon', 'because']); // biome-ignore format: one line
  assert.deepEqual(spokenList(list(0), LOOK), ['things', 'none']);
});

const TARGET: TopTarget = {
  ...{ key: 'k', name: 'k', processes: 1, pids: [], state: '' },
  ...{ resident: undefined, huge: undefined, bloat: undefined, cold: undefined, heat: undefined },
  ...{ returned: undefined, cameBack: undefined },
};

test('ranks: the largest first, what is not known last', () => {
  const amount = (expected: number | undefined, low = 0) => ({ expected, low, high: undefined });
  const targets = [
    { ...TARGET, name: 'a', bloat: amount(5), heat: 0, cameBack: amount(undefined, 9) },
    { ...TARGET, name: 'b' },
    { ...TARGET, name: 'c', bloat: amount(undefined, 7), heat: 3, cameBack: amount(8) },
  ];
  const names = (by: Parameters<typeof ordered>[1]) => ordered(targets, by).map(({ name }) => name).join('');
  assert.equal(names('bloat'), 'cab');
  assert.equal(names('heat'), 'cab');
  assert.equal(names('came-back'), 'acb');
  assert.equal(names('resident'), 'abc');
  assert.equal(names('name'), 'abc');
}); // biome-ignore format: one line each

test('frames of a survey have what came back of it', async () => {
  const made = world();
  const { pid } = made.start({ command: 'db', cgroup: '/system.slice/db.service', blocks: 2, every: 256 });
  const survey = await surveyOf(made);
  const frame = frameOfSurvey({
    survey: { ...survey, hidden: 2 },
    lookedBack: [{ pid, returnedBytes: 9, cameBackBytes: 4 }, { pid: 999, returnedBytes: 1, cameBackBytes: 1 }], // biome-ignore format: one line
    decisions: [],
    atMs: 5,
  });
  const db = frame.targets.find(({ name }) => name === 'db.service');
  assert.deepEqual([db?.returned?.expected, db?.cameBack?.expected, db?.heat], [9, 4, undefined]);
  assert.equal(db?.bloat?.expected, 2 * 510 * 4096);
  assert.deepEqual([db?.pids, db?.state], [[pid], 'unit']);
  assert.match(frame.notes[0], /^2 processes cannot be seen/);
  const other = frame.targets.find(({ name }) => name !== 'db.service');
  assert.equal(other?.cameBack, undefined);
});

test('in lines, without a terminal, one look and it ends', async () => {
  const made = world();
  made.start({ command: 'db', cgroup: '/system.slice/db.service', blocks: 2, every: 256 });
  const terminal = terminalOn(made.host);
  assert.equal(await terminal.run(['top', '--alone', '--budget', '10s']), 0, terminal.err());
  assert.match(terminal.out(), /^octavo top {2}by bloat/m);
  assert.match(terminal.out(), /^1: target db\.service, n 1, .*bloat 3\.98 MiB/m);
});

test('what the agent tells, with the last of its history', () => {
  const gauge = (last: number) => ({ known: 1, sum: last, range: { least: last, largest: last, last } });
  const values = { residentBytes: gauge(100), hugeBytes: gauge(50), emptyInHugeBytes: gauge(20), samples: { known: 1, sum: 30, range: undefined } }; // biome-ignore format: one line
  const span = (from: number, until: number) => ({ lived: { from, until }, targets: [{ target: 'db', values }] });
  const spans = [span(0, 1000), span(1000, 3000)] as unknown as Parameters<typeof seenOf>[0];
  const status = {
    ...{ updatedMs: 7, holder: { pid: 12 }, troubles: ['disk full'] },
    targets: [
      { name: 'db', processes: 2, act: true, standing: 'clear', last: null, totals: { returnedBytes: 6 } },
      { name: 'new', processes: 0, act: true, standing: 'backing-off', last: { resident: 3, huge: 1 }, totals: {} },
      { name: 'seen', processes: 0, act: false, standing: 'clear', last: null, totals: {} },
    ],
    events: [{ atMs: 1, target: 'db', text: 'first' }, { atMs: 2, target: 'db', text: 'second' }], // biome-ignore format: one line
  } as unknown as Parameters<typeof frameOfAgent>[0];
  const frame = frameOfAgent(status, seenOf(spans));
  const [db, fresh, seen] = frame.targets;
  assert.deepEqual([db.resident?.low, db.huge?.low, db.heat, db.returned?.low, db.state], [100, 50, 20, 6, 'acting']);
  assert.deepEqual([db.bloat?.expected, db.bloat?.low], [undefined, 20]);
  assert.deepEqual([fresh.resident?.low, fresh.heat, fresh.cameBack, fresh.state], [3, undefined, undefined, 'backing-off']);
  assert.deepEqual([seen.resident, seen.state], [undefined, 'observing']);
  assert.deepEqual(frame.decisions.map(({ what }) => what), ['second', 'first']);
  assert.deepEqual(frame.notes, ['disk full']);
}); // biome-ignore format: one line each

/** Two services, one of two processes, and what was done to one of them. */
function scene() {
  const made = world();
  made.start({ command: 'db', cgroup: '/system.slice/db.service', blocks: 3, every: 256 });
  made.start({ command: 'web', cgroup: '/system.slice/web.service', blocks: 1, every: 1 });
  made.start({ command: 'web', cgroup: '/system.slice/web.service', blocks: 1, every: 1 });
  return made;
}

const LONG = ['top', '--alone', '--budget', '10s', '--every', '1s', '--frames', '60'];

test('in lines: a number opens, letters go on, an end of input ends nothing', async () => {
  const input = ['1\n', '1\n', 'b\nb\n', '2\n', '1\n', 'b\nb\nd\n', 'b\ns\n', 'xyz\n', 'q\n'];
  const terminal = terminalOn(scene().host, { input });
  assert.equal(await terminal.run([...LONG, '--lines']), 0, terminal.err());
  const titles = [...terminal.out().matchAll(/^octavo top {2}(.*)$/gm)].map(([, title]) => title.replace(/\d{2}:\d{2}:\d{2}.*/, '').trim());
  const seen = titles.filter((title, at) => title !== titles[at - 1]);
  for (const title of [/^process \d+: mappings$/, /^process \d+, mapping 0x[0-9a-f]+: blocks$/, /^web\.service: processes$/, /^recent decisions/, /^by heat$/])
    assert.ok(seen.some((one) => title.test(one)), `${title} in ${seen.join(' | ')}`);
  assert.match(terminal.out(), /^1: block 0x[0-9a-f]+, level huge, present 512\/512/m);
  assert.match(terminal.out(), /^1: address 0x[0-9a-f]+, size 6 MiB, resident 6 MiB, huge 6 MiB/m);
}); // biome-ignore format: one line each

test('on a screen: taken, drawn, moved in and given back', async () => {
  const done: string[] = [];
  const screen = {
    size: () => ({ columns: 80, rows: 24 }),
    take: () => void done.push('take'),
    release: () => void done.push('release'),
    onResize: () => undefined,
  };
  const style = { width: 80, ascii: true, colour: false };
  const terminal = terminalOn(scene().host, { input: ['\x1b[B', '\x1b[A\r', 'h', 'b', '\x1b', ' ', ' ', 'r', 'q'], screen, style });
  assert.equal(await terminal.run(LONG), 0, terminal.err());
  assert.deepEqual(done, ['take', 'release']);
  const out = terminal.out().replaceAll('\x1b', '^');
  assert.match(out, /^\^\[2J\^\[1;1Hoctavo top {2}by bloat/);
  assert.match(out, /\^\[4;1H> web\.service/);
  assert.match(out, /: mappings/);
  assert.match(out, /keys and columns/);
  assert.match(out, /\[held\]/);
  const longest = Math.max(...out.split('^').map((piece) => piece.replace(/^\[[\d;]*[A-Za-z]/, '').length));
  assert.ok(longest <= 80);
}); // biome-ignore format: one line each

test('a screen is given back when the view fails', async () => {
  const done: string[] = [];
  const screen = {
    size: () => ({ columns: 80, rows: 24 }),
    take: () => void done.push('take'),
    release: () => void done.push('release'),
    onResize: () => undefined,
  };
  const stop = new AbortController();
  stop.abort('SIGTERM');
  const terminal = terminalOn(scene().host, { screen, signal: stop.signal });
  assert.equal(await terminal.run(LONG), 130);
  assert.deepEqual(done, ['take', 'release']);
});
