/** The history over long times, kills, full disks, damage and clocks that are set. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HistoryHost, Killed, observed } from '../../test/support/history-host.js';
import { xorshift } from '../../test/support/random.js';
import { TIERS, type Tier } from './health.js';
import { DEFAULT_BOUNDS, History, type HistoryBounds } from './history.js';
import { newestMoment, readSpans } from './read-history.js';
import type { Span } from './span.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

function read(host: HistoryHost, tier: Tier, report: string[] = []): Span[] {
  const query = {
    signal: new AbortController().signal,
    report: (sentence: string) => void report.push(sentence),
  };
  return [...readSpans(host.place, tier, query)];
}

/** Sum of a field of a target over spans. */
function sum(spans: readonly Span[], field: 'splits' | 'returnedBytes' = 'splits', target = 'db'): number {
  return spans.reduce(
    (total, { targets }) => total + (targets.find((one) => one.target === target)?.values[field]?.sum ?? 0),
    0,
  );
}

const turns = (spans: readonly Span[]) => spans.reduce((total, span) => total + span.turns, 0);

/** Appends so many turns; the n-th of them splits n. */
function run(host: HistoryHost, history: History, count: number, everyMs: number, from = 1): void {
  for (let turn = from; turn < from + count; turn++) {
    history.append([observed('db', { splits: turn, hugeBytes: 1000 + turn, returnedBytes: -turn })]);
    host.pass(everyMs);
  }
}

const triangle = (count: number) => (count * (count + 1)) / 2;

function bounds(bytes: number, age: number): HistoryBounds {
  return { raw: { bytes, age }, '5m': { bytes, age: 4 * age }, '1h': { bytes, age: 16 * age } };
}

describe('tiers', () => {
  test('every tier tells the same sums, and the range of gauges', () => {
    const host = new HistoryHost();
    const history = History.open(host.place);
    run(host, history, 500, 30 * SECOND);
    for (const tier of TIERS) {
      const spans = read(host, tier);
      assert.equal(sum(spans), triangle(500), tier);
      assert.equal(sum(spans, 'returnedBytes'), -triangle(500), tier);
      assert.equal(turns(spans), 500, tier);
    }
    const hours = read(host, '1h');
    assert.equal(hours.length, 5);
    const [first] = hours[0].targets;
    const inFirst = hours[0].turns;
    assert.deepEqual(first.values.hugeBytes, {
      known: inFirst,
      sum: 1000 * inFirst + triangle(inFirst),
      range: { least: 1001, largest: 1000 + inFirst, last: 1000 + inFirst },
    });
    assert.equal(first.values.coldBytes, null);
    assert.equal(first.values.splits?.range, undefined);
  });

  test('windows are five minutes and an hour of time, whatever the turn', () => {
    const host = new HistoryHost();
    host.wallMs -= host.wallMs % HOUR;
    run(host, History.open(host.place), 240, MINUTE);
    assert.deepEqual([...new Set(read(host, '5m').map((span) => span.turns))], [5]);
    assert.deepEqual(
      read(host, '1h').map((span) => span.turns),
      [60, 60, 60, 60],
    );
  });

  test('a window that is over is on disk in its tier, one that is not is told all the same', () => {
    const host = new HistoryHost();
    host.wallMs -= host.wallMs % HOUR;
    const history = History.open(host.place);
    run(host, history, 9, MINUTE);
    const lines = host.text(host.segments('5m')[0]).trim().split('\n');
    assert.equal(lines.filter((line) => !line.includes('history-segment')).length, 1);
    assert.equal(read(host, '5m').length, 2);
    assert.equal(host.segments('1h').length, 0);
    assert.equal(read(host, '1h').length, 1);
  });

  test('a turn without targets leaves nothing', () => {
    const host = new HistoryHost();
    History.open(host.place).append([]);
    assert.equal(host.disk.size, 0);
    assert.deepEqual(read(host, 'raw'), []);
    assert.equal(newestMoment(host.place), undefined);
  });
});

describe('a process that was killed', () => {
  test('the next one goes on in the same file, and makes up for open windows', () => {
    const host = new HistoryHost();
    for (let start = 0; start < 40; start++)
      run(host, History.open(host.place), 7, 20 * SECOND, 7 * start + 1);
    for (const tier of TIERS) assert.equal(sum(read(host, tier)), triangle(280), tier);
    assert.equal(host.segments('raw').length, 1);
    const numbers = read(host, 'raw').map(({ first }) => first);
    assert.deepEqual(
      numbers,
      Array.from({ length: 280 }, (_, index) => index + 1),
    );
  });

  test('at any byte of any write: what was kept is kept, in every tier, and nothing is told twice', () => {
    const draw = xorshift(11);
    let host = new HistoryHost();
    let kept = 0;
    for (let kill = 0; kill < 150; kill++) {
      host.plug = draw() % 6000;
      try {
        const history = History.open(host.place);
        for (;;) {
          history.append([observed('db', { splits: 1 })]);
          kept++;
          host.pass(40 * SECOND);
        }
      } catch (problem) {
        assert.ok(problem instanceof Killed);
      }
      host = nextProcess(host);
      const report: string[] = [];
      const found = TIERS.map((tier) => sum(read(host, tier, report)));
      // The turn whose append was cut may be there as a whole: its thinned window was being written.
      assert.ok(found[0] === kept || found[0] === kept + 1, `${found[0]} of ${kept}`);
      assert.deepEqual(new Set(found), new Set([found[0]]));
      assert.deepEqual(report, []);
      kept = found[0];
    }
    assert.ok(kept > 500);
  });

  test('a power failure that leaves a hole of zero bytes is no damage', () => {
    const host = new HistoryHost();
    run(host, History.open(host.place), 3, SECOND);
    const [path] = host.segments('raw');
    const bytes = host.disk.get(path) as Buffer;
    host.disk.set(path, Buffer.concat([bytes, Buffer.alloc(90), Buffer.from('\n')]));
    const report: string[] = [];
    assert.equal(read(host, 'raw', report).length, 3);
    assert.deepEqual(report, []);
    run(host, History.open(host.place), 1, SECOND, 4);
    assert.equal(host.segments('raw').length, 2);
    assert.equal(sum(read(host, '1h', report)), triangle(4));
    assert.deepEqual(report, []);
  });

  test('a new boot begins a new file', () => {
    const host = new HistoryHost();
    run(host, History.open(host.place), 3, SECOND);
    const next = nextProcess(host, 'boot-2');
    next.uptimeMs = 5;
    run(next, History.open(next.place), 3, SECOND, 4);
    assert.equal(next.segments('raw').length, 2);
    assert.equal(sum(read(next, 'raw')), triangle(6));
  });
});

/** The host as a later process finds it. */
function nextProcess(host: HistoryHost, bootId = 'boot-1'): HistoryHost {
  const next = new HistoryHost(bootId, host.disk);
  next.wallMs = host.wallMs;
  next.uptimeMs = host.uptimeMs;
  return next;
}

describe('bounds', () => {
  test('each tier stays within its bytes, and has most of them', () => {
    const host = new HistoryHost();
    const history = History.open(host.place, bounds(30_000, YEAR));
    for (let turn = 0; turn < 3000; turn++) {
      run(host, history, 1, MINUTE, turn + 1);
      for (const tier of TIERS) assert.ok(history.health.bytes[tier] <= 30_000, tier);
    }
    for (const tier of TIERS) {
      const onDisk = host.segments(tier).reduce((total, path) => total + host.text(path).length, 0);
      assert.equal(history.health.bytes[tier], onDisk);
    }
    assert.ok(history.health.bytes.raw > 20_000);
    assert.ok(turns(read(host, 'raw')) < 1000);
    assert.equal(turns(read(host, '1h')), 3000);
    assert.equal(sum(read(host, '1h')), triangle(3000));
  });

  test('each tier keeps its age and little more', () => {
    const host = new HistoryHost();
    const history = History.open(host.place, bounds(2 ** 30, 2 * HOUR));
    run(host, history, 3000, MINUTE);
    const livedOf = (tier: Tier) => {
      const spans = read(host, tier);
      return (spans[spans.length - 1].lived.until - spans[0].lived.from) / HOUR;
    };
    assert.ok(livedOf('raw') >= 2 && livedOf('raw') < 2.3, `${livedOf('raw')}`);
    assert.ok(livedOf('5m') >= 7.9 && livedOf('5m') < 9.2, `${livedOf('5m')}`);
    assert.ok(livedOf('1h') >= 31 && livedOf('1h') < 37, `${livedOf('1h')}`);
  });

  test('turns that go before their window is over are in a window that ends early', () => {
    const host = new HistoryHost();
    const small = { ...DEFAULT_BOUNDS, raw: { bytes: 9000, age: YEAR } };
    const history = History.open(host.place, small);
    run(host, history, 400, SECOND);
    assert.ok(turns(read(host, 'raw')) < 100);
    assert.equal(sum(read(host, '1h')), triangle(400));
    const next = nextProcess(host);
    run(next, History.open(next.place, small), 400, SECOND, 401);
    assert.equal(sum(read(next, '1h')), triangle(800));
  });

  test('a turn that no tier may hold is told and not kept', () => {
    const host = new HistoryHost();
    const history = History.open(host.place, bounds(500, YEAR));
    run(host, history, 3, SECOND);
    assert.match(history.health.problem ?? '', /larger than the tier raw may be \(500 bytes\)/);
    assert.equal(history.health.dropped, 3);
    assert.equal(host.used(), 0);
  });

  test('5,000 targets that come and go are bounded, and their sums are not lost', () => {
    const host = new HistoryHost();
    const history = History.open(host.place);
    for (let turn = 0; turn < 4; turn++) {
      history.append(
        Array.from({ length: 5000 }, (_, index) => observed(`unit-${turn}-${index}`, { splits: 1 })),
      );
      host.pass(MINUTE);
    }
    const [hour] = read(host, '1h');
    assert.ok(hour.targets.length <= 2049, `${hour.targets.length}`);
    const all = hour.targets.reduce((total, { values }) => total + (values.splits?.sum ?? 0), 0);
    assert.equal(all, 20_000);
  });
});

describe('clocks', () => {
  for (const [name, jump] of [
    ['forward', YEAR],
    ['back', -YEAR],
  ] as const)
    test(`one that is set a year ${name} neither loses nor grows the history`, () => {
      const host = new HistoryHost();
      const still = new HistoryHost();
      const history = History.open(host.place, bounds(30_000, 2 * HOUR));
      const control = History.open(still.place, bounds(30_000, 2 * HOUR));
      for (let turn = 1; turn <= 600; turn++) {
        if (turn === 300) host.wallMs += jump;
        if (turn === 420) host.wallMs -= jump;
        run(host, history, 1, MINUTE, turn);
        run(still, control, 1, MINUTE, turn);
      }
      for (const tier of TIERS) {
        const [ours, theirs] = [read(host, tier), read(still, tier)];
        assert.deepEqual(
          ours.map(({ first, last }) => [first, last]),
          theirs.map(({ first, last }) => [first, last]),
        );
      }
      const jumps = read(host, '1h').filter(({ jumpMs }) => jumpMs !== 0);
      assert.deepEqual(
        jumps.map(({ jumpMs }) => jumpMs),
        [jump, -jump],
      );
    });

  test('set while no process was there, over a reboot: a day at most counts', () => {
    for (const [wall, lived] of [
      [YEAR, DAY],
      [-YEAR, 0],
      [3 * MINUTE, 3 * MINUTE],
    ]) {
      const host = new HistoryHost();
      run(host, History.open(host.place), 1, 0);
      const next = nextProcess(host, 'boot-2');
      next.wallMs += wall;
      next.uptimeMs = 1;
      run(next, History.open(next.place), 1, 0);
      const [first, second] = read(next, 'raw');
      assert.equal(second.lived.from - first.lived.from, lived);
      assert.equal(second.jumpMs, wall - lived);
      assert.equal(second.wall.from - first.wall.from, wall);
    }
  });

  test('without an uptime the process counts for itself', () => {
    const host = new HistoryHost();
    host.hasUptime = false;
    const history = History.open(host.place);
    run(host, history, 2, MINUTE);
    host.wallMs += YEAR;
    run(host, history, 1, MINUTE);
    const spans = read(host, 'raw');
    assert.equal(spans[2].lived.from - spans[1].lived.from, MINUTE);
    assert.equal(spans[2].uptimeMs, null);
  });

  test('corrections of less than a second are no jump', () => {
    const host = new HistoryHost();
    const history = History.open(host.place);
    run(host, history, 1, MINUTE);
    host.wallMs += 999;
    run(host, history, 1, MINUTE);
    host.wallMs -= 1000;
    run(host, history, 1, MINUTE);
    assert.deepEqual(
      read(host, 'raw').map(({ jumpMs }) => jumpMs),
      [0, 0, -1000],
    );
  });
});

describe('a disk that takes nothing', () => {
  test('is told, costs its turns and nothing else, and the next turn that is kept says so', () => {
    const host = new HistoryHost();
    const history = History.open(host.place);
    run(host, history, 20, MINUTE);
    assert.equal(history.health.problem, undefined);
    host.room = host.used();
    run(host, history, 30, MINUTE, 21);
    assert.match(history.health.problem ?? '', /raw\.00000001\.log cannot be written \(ENOSPC\)/);
    assert.equal(history.health.dropped, 30);
    host.room = Number.POSITIVE_INFINITY;
    run(host, history, 10, MINUTE, 51);
    assert.equal(history.health.problem, undefined);
    assert.equal(history.health.dropped, 30);
    for (const tier of TIERS) {
      const spans = read(host, tier);
      assert.equal(turns(spans), 30, tier);
      assert.equal(
        spans.reduce((total, { dropped }) => total + dropped, 0),
        30,
      );
    }
  });

  test('a longer tier that cannot be written waits, and loses nothing', () => {
    const host = new HistoryHost();
    const history = History.open(host.place);
    const appendTo = host.files.appendTo;
    host.files.appendTo = (path) =>
      /5m\./.test(path) ? { ok: false, error: { errno: 'EROFS', call: '' } } : appendTo(path);
    run(host, history, 300, MINUTE);
    assert.match(history.health.problem ?? '', /5m\.00000001\.log cannot be written \(EROFS\)/);
    assert.equal(history.health.dropped, 0);
    assert.equal(host.segments('5m').length, 0);
    host.files.appendTo = appendTo;
    run(host, history, 1, MINUTE, 301);
    assert.equal(history.health.problem, undefined);
    assert.ok(host.segments('5m').length > 0);
    for (const tier of TIERS) assert.equal(sum(read(host, tier)), triangle(301), tier);
  });

  test('a directory that cannot be made, and no file left behind where none can be begun', () => {
    const host = new HistoryHost();
    host.room = 10;
    const history = History.open(host.place);
    run(host, history, 2, MINUTE);
    assert.deepEqual([...host.disk.keys()], []);
    host.files.makeDirectory = () => ({ ok: false, error: { errno: 'EACCES', call: '' } });
    assert.match(History.open(host.place).health.problem ?? '', /history cannot be made \(EACCES\)/);
  });
});

describe('damage', () => {
  test('of any byte costs the line that it is in, which is named, and nothing else', () => {
    const clean = new HistoryHost();
    run(clean, History.open(clean.place, bounds(30_000, YEAR)), 60, MINUTE);
    const draw = xorshift(5);
    const all = read(clean, 'raw').map(({ first }) => first);
    for (let round = 0; round < 400; round++) {
      const host = nextProcess(clean);
      const paths = host.segments('raw');
      const path = paths[draw() % paths.length];
      const bytes = Buffer.from(host.disk.get(path) as Buffer);
      bytes[draw() % bytes.length] ^= 1 << (draw() % 7);
      host.disk.set(path, bytes);
      const report: string[] = [];
      const left = read(host, 'raw', report).map(({ first }) => first);
      assert.ok(all.length - left.length <= 2, `${left.length} of ${all.length} left`);
      assert.ok(report.length >= 1 && report.length <= 3, report.join('; '));
      for (const sentence of report) assert.ok(sentence.startsWith(path), sentence);
      assert.ok(left.every((number) => all.includes(number)));
    }
  });

  test('the writer goes on behind it with numbers that were never used', () => {
    const host = new HistoryHost();
    run(host, History.open(host.place), 12, MINUTE);
    const [path] = host.segments('raw');
    const lines = host.text(path).split('\n');
    lines[lines.length - 2] = lines[lines.length - 2].replace(/^./, 'x');
    host.disk.set(path, Buffer.from(lines.join('\n')));
    const history = History.open(host.place);
    run(host, history, 1, MINUTE);
    assert.equal(host.segments('raw').length, 2);
    assert.equal(read(host, 'raw').at(-1)?.first, 13);
    assert.deepEqual(history.health.damage, [
      `${path}: the last 1 lines are damaged`,
      `${path}, line 15: the checksum does not match`,
    ]);
  });

  test('a file whose head is gone twice, of another version, or unreadable is named; the others count', () => {
    const host = new HistoryHost();
    const history = History.open(host.place, bounds(8000, YEAR));
    run(host, history, 30, MINUTE);
    const [first, second, third] = host.segments('raw');
    host.disk.set(first, Buffer.from(host.text(first).replaceAll('history-segment', 'history-fragment')));
    host.disk.set(second, Buffer.from('garbage\n'));
    host.unreadable.set(third, 'EIO');
    const report: string[] = [];
    const left = read(host, 'raw', report);
    assert.ok(left.length > 0 && left.length < 30);
    assert.ok(report.some((sentence) => sentence.startsWith(`${first}, line 1: the checksum`)));
    assert.ok(report.some((sentence) => sentence.startsWith(`${second}, line 1: the checksum`)));
    assert.ok(report.includes(`${third} cannot be read (EIO)`));
    const next = History.open(host.place, bounds(8000, YEAR));
    run(host, next, 5, MINUTE, 31);
    assert.equal(read(host, 'raw').at(-1)?.first, 35);
  });

  test('all of it gone: a new history begins', () => {
    const host = new HistoryHost();
    run(host, History.open(host.place), 3, MINUTE);
    for (const path of host.disk.keys()) host.disk.set(path, Buffer.from('\0\0\0\n\0'));
    run(host, History.open(host.place), 2, MINUTE);
    assert.equal(turns(read(host, 'raw')), 2);
  });
});

describe('readers', () => {
  test('never write', () => {
    const host = new HistoryHost();
    run(host, History.open(host.place), 100, MINUTE);
    const before = host.changes;
    for (const tier of TIERS) read(host, tier);
    newestMoment(host.place);
    assert.equal(host.changes, before);
  });

  test('are stopped, and bounded by limits of either clock', () => {
    const host = new HistoryHost();
    const history = History.open(host.place, bounds(30_000, YEAR));
    const from = host.wallMs;
    run(host, history, 100, MINUTE);
    const limits = { signal: new AbortController().signal, report: () => undefined };
    const count = (query: object) => [...readSpans(host.place, 'raw', { ...limits, ...query })].length;
    for (const by of ['lived', 'wall'] as const) {
      assert.equal(count({ since: { by, ms: from + 90 * MINUTE } }), 10);
      assert.equal(
        count({ since: { by, ms: from + 90 * MINUTE }, until: { by, ms: from + 95 * MINUTE } }),
        6,
      );
      assert.equal(count({ since: { by, ms: from + 100 * MINUTE } }), 0);
    }
    const stopped = AbortSignal.abort('SIGINT');
    assert.throws(() => count({ signal: stopped }), { code: 'STOPPED' });
  });

  test('see what is appended while they read, and nothing torn', () => {
    const host = new HistoryHost();
    const history = History.open(host.place);
    run(host, history, 10, MINUTE);
    const [path] = host.segments('raw');
    const bytes = host.disk.get(path) as Buffer;
    host.disk.set(path, bytes.subarray(0, bytes.length - 5));
    const report: string[] = [];
    assert.equal(turns(read(host, '1h', report)), 9);
    assert.deepEqual(report, []);
  });

  test('by the default bounds, what a night of turns took is small', () => {
    const host = new HistoryHost();
    const history = History.open(host.place, DEFAULT_BOUNDS);
    run(host, history, 1000, 30 * SECOND);
    assert.ok(history.health.bytes.raw / 1000 < 400, `${history.health.bytes.raw / 1000} bytes a turn`);
    history.close();
  });
});
