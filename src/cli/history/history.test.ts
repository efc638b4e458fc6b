/** `octavo history` on a history that was made by its writer. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import { HistoryHost, observed } from '../../../test/support/history-host.js';
import { terminalOn } from '../../../test/support/terminal.js';
import { History } from '../../history/history.js';
import { ERRORS, EXIT } from '../../vocabulary/errors.js';
import { documentProblem } from '../documents.js';
import { limitOf, livedAt, parseTime, tierFor } from './limits.js';
import { HistoryView, showSpan } from './view.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.parse('2026-11-28T00:00:00Z');

/** Two days of turns every ten minutes, the last of which just ended. */
function twoDays(): HistoryHost {
  const host = new HistoryHost();
  host.wallMs = START;
  const history = History.open(host.place);
  for (let turn = 1; turn <= 288; turn++) {
    host.pass(10 * MINUTE);
    const hot = { hugeBytes: turn * 2 ** 20, emptyInHugeBytes: 2 ** 19, splits: 2, returnedBytes: 4096 };
    const db = observed(
      'db.service',
      { ...hot, lockNs: 5_000_000, cameBackBytes: 0 },
      turn === 200 ? { state: 'backing-off', notes: ['memory pressure over 10 %'] } : {},
    );
    history.append(turn % 2 === 0 ? [db, observed('web.service', { hugeBytes: 2 ** 30 })] : [db]);
  }
  return host;
}

async function said(host: HistoryHost, line: string) {
  const terminal = terminalOn(host);
  const code = await terminal.run(['history', ...line.split(' ').filter((word) => word !== '')]);
  return { code, out: terminal.out(), err: terminal.err() };
}

/** Without the blanks that align columns. */
const plain = (text: string) => text.replace(/ +/g, ' ').replace(/ $/gm, '');

describe('a terminal', () => {
  const host = twoDays();

  test('has a row for each target, most huge memory first, and its course', async () => {
    const { code, out } = await said(host, '');
    assert.equal(code, EXIT.done);
    const lines = plain(out).split('\n');
    assert.match(lines[0], /^2026-11-29 00:00:00 to 2026-11-30 00:00:00, by five minutes: 145 turns$/);
    assert.match(lines[2], /^web\.service acting 1 GiB █{32} - - - - - -$/);
    assert.match(lines[3], /^db\.service backing-off 288 MiB [▁-█]{32} 512 KiB 580 KiB 0 B 290 - 725\.0 ms$/);
    assert.match(out, /2026-11-29 09:20:00 {2}db\.service: backing-off, was acting\n/);
    assert.match(out, /db\.service: memory pressure over 10 %/);
  });

  test('has all that is known of one target', async () => {
    const { out } = await said(host, 'db.service --since 3h');
    const text = plain(out);
    assert.match(text, /db\.service: acting, policy octavo/);
    assert.match(text, /\nhuge [▁-█ ]+ 288 MiB 270 MiB 288 MiB 279 MiB\n/);
    assert.match(text, /\nreturned [▁-█ ]+ 76 KiB\n/);
    assert.match(text, /\nlock [▁-█ ]+ 95\.0 ms/);
    assert.match(
      text,
      /\nnot known: processes, resident, unmapped held, hole, cold, still returned, predicted/,
    );
  });

  test('chooses the tier by the time, unless told', async () => {
    assert.match((await said(host, '--since 1h')).out, /turn by turn: 7 turns/);
    assert.match((await said(host, '--since 1h --tier 1h')).out, /by the hour: 7 turns/);
    assert.match((await said(host, '--since 30d')).out, /by the hour: 288 turns/);
    assert.match(
      (await said(host, '--since 2026-11-28T10:00 --until 2026-11-28T11:00:00 --tier raw')).out,
      /^2026-11-28 10:00:00 to 2026-11-28 11:00:00, turn by turn: 7 turns/,
    );
  });
});

describe('programs', () => {
  const host = twoDays();

  test('get a document of its kind', async () => {
    const { out } = await said(host, 'db.service --since 2h --json');
    const document = JSON.parse(out);
    assert.equal(documentProblem(document), '');
    assert.equal(document.tier, 'raw');
    assert.equal(document.newest, '2026-11-30T00:00:00.000Z');
    assert.equal(document.spans.length, 13);
    const [last] = document.spans.slice(-1);
    assert.deepEqual(last.turnNumbers, [288, 288]);
    assert.equal(last.from, '2026-11-30T00:00:00.000Z');
    const { target, values, turns } = last.targets[0];
    assert.deepEqual([target, turns, last.targets.length], ['db.service', 1, 1]);
    const huge = 288 * 2 ** 20;
    assert.deepEqual(values.hugeBytes, { known: 1, sum: huge, least: huge, largest: huge, last: huge });
    assert.deepEqual(values.splits, { known: 1, sum: 2 });
    assert.equal(values.coldBytes, null);
  });

  test('get rows as CSV and as Parquet', async () => {
    const { out } = await said(host, '--since 30d --tier 1h --csv');
    const [head, ...rows] = out.trim().split('\n');
    const columns = head.split(',');
    assert.deepEqual(columns.slice(0, 8), [
      ...['first_turn', 'last_turn', 'from_ms', 'until_ms', 'lived_from_ms', 'lived_until_ms'],
      ...['target', 'policy'],
    ]);
    const splits = rows.map((row) => row.split(',')[columns.indexOf('splits')]);
    assert.equal(
      splits.reduce((sum, cell) => sum + Number(cell), 0),
      576,
    );
    assert.ok(splits.includes(''));
    const written = await said(host, '--since 30d --tier 1h --out /h.parquet');
    assert.equal(written.out, '');
    const bytes = host.disk.get('/h.parquet') as Buffer;
    const objects = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
    assert.equal(objects.length, rows.length);
    host.disk.delete('/h.parquet');
  });

  test('get many rows as CSV', async () => {
    const big = new HistoryHost();
    const history = History.open(big.place);
    for (let turn = 0; turn < 3; turn++)
      history.append(Array.from({ length: 900 }, (_, index) => observed(`t${index}`, { splits: 1 })));
    assert.equal((await said(big, '--csv --tier raw')).out.trim().split('\n').length, 2701);
  });
});

describe('what there is not', () => {
  const host = twoDays();
  const fails = async (on: HistoryHost, line: string, code: keyof typeof ERRORS, text: RegExp) => {
    const found = await said(on, line);
    assert.equal(found.code, EXIT[ERRORS[code].exit], line);
    assert.match(found.err, text);
    assert.ok(found.err.includes(code), found.err);
  };

  test('is told', async () => {
    await fails(new HistoryHost(), '', 'HISTORY_EMPTY', /no history yet in \/state/);
    await fails(host, '--since 2026-12-24', 'HISTORY_EMPTY', /no history of that time in \/state/);
    for (const output of ['', ' --json', ' --csv', ' --out /x.parquet'])
      await fails(
        host,
        `nginx${output}`,
        'HISTORY_TARGET_UNKNOWN',
        /no target `nginx`[\s\S]*db\.service, web/,
      );
    assert.ok(!host.disk.has('/x.parquet'));
    await fails(host, '--json --csv', 'USAGE', /--json and --csv cannot be had at once/);
    host.room = 0;
    await fails(host, '--out /x.parquet', 'FILE_UNWRITABLE', /x\.parquet.*ENOSPC/);
    host.room = Number.POSITIVE_INFINITY;
  });

  test('damage is remarked, and in the document', async () => {
    const damaged = twoDays();
    const [path] = damaged.segments('raw');
    damaged.disk.set(path, Buffer.from(damaged.text(path).replace(/\n[0-9a-f]{8} z/, '\n0000000g z')));
    const { code, err, out } = await said(damaged, '--tier raw --since 30d --json');
    assert.equal(code, EXIT.done);
    assert.match(err, /octavo: passed over: \/state\/history\/raw\.00000001\.log, line 4: the checksum/);
    assert.equal(JSON.parse(out).damage.length, 1);
    assert.equal(JSON.parse(out).spans.length, 287);
  });

  test('more than one document can hold', async () => {
    const big = new HistoryHost();
    const history = History.open(big.place);
    for (let turn = 0; turn < 21; turn++)
      history.append(Array.from({ length: 1000 }, (_, index) => observed(`t${index}`, {})));
    await fails(big, '--json --tier raw', 'HISTORY_TOO_LARGE', /more than 20000 rows/);
  });
});

describe('times', () => {
  const now = { livedMs: 1000 * DAY, wallMs: 1365 * DAY, uptimeMs: null, monotonicNs: null, bootId: 'b' };

  test('ago are of time that passed, dates of the wall clock', () => {
    assert.deepEqual(limitOf(parseTime('1d'), now), { by: 'lived', ms: 999 * DAY });
    const date = limitOf(parseTime('2026-11-30T14:05'), now);
    assert.deepEqual(date, { by: 'wall', ms: Date.UTC(2026, 10, 30, 14, 5) });
    assert.deepEqual(parseTime('2026-11-30 14:05:09.5Z'), { atMs: Date.UTC(2026, 10, 30, 14, 5, 9, 500) });
    assert.deepEqual(parseTime('2026-11-30'), { atMs: Date.UTC(2026, 10, 30) });
    assert.equal(livedAt({ by: 'lived', ms: 5 }, now), 5);
    assert.equal(livedAt({ by: 'wall', ms: 1365 * DAY }, now), 1000 * DAY);
    for (const word of ['yesterday', '2026-13-01', '2026-11-30T25:00', '', '-1d', '11/30'])
      assert.throws(() => parseTime(word), SyntaxError, word);
  });

  test('choose a tier', () => {
    const all = { raw: 0, '5m': 0, '1h': 0 };
    assert.equal(tierFor(10 * HOUR, 12 * HOUR, all), 'raw');
    assert.equal(tierFor(10 * HOUR, 12 * HOUR + 1, all), '5m');
    assert.equal(tierFor(10 * HOUR, 82 * HOUR, all), '5m');
    assert.equal(tierFor(10 * HOUR, 82 * HOUR + 1, all), '1h');
    assert.equal(tierFor(10 * HOUR, 12 * HOUR, { ...all, raw: 11 * HOUR }), '5m');
    assert.equal(tierFor(10 * HOUR, 12 * HOUR, { raw: 11 * HOUR, '5m': 10.5 * HOUR, '1h': 10 * HOUR }), '1h');
    assert.equal(tierFor(10 * HOUR, 12 * HOUR, { raw: 11 * HOUR }), 'raw');
    assert.equal(tierFor(10 * HOUR, 90 * HOUR, {}), '1h');
  });

  test('are shown in words', () => {
    const shown = [40_000, -119_000, 120_000, 2 * HOUR, 36 * HOUR, 2 * DAY, -365 * DAY].map(showSpan);
    assert.deepEqual(shown, ['40 s', '119 s', '2 min', '2 h', '36 h', '2 days', '365 days']);
  });
});

test('a view notes clocks that were set and what was lost, the newest of many', () => {
  const host = new HistoryHost();
  const history = History.open(host.place);
  history.append([observed('db', { hugeBytes: 1 })]);
  host.wallMs -= DAY;
  host.room = 0;
  history.append([observed('db', { hugeBytes: 1 })]);
  host.room = Number.POSITIVE_INFINITY;
  history.append([observed('db', { hugeBytes: 1 })]);
  for (let turn = 0; turn < 30; turn++) history.append([observed('db', {}, { notes: [`note ${turn}`] })]);
  return said(host, '--tier raw').then(({ out }) => {
    const events = out.split('\n').filter((line) => /note \d/.test(line));
    assert.equal(events.length, 20);
    assert.match(events[19], /note 29$/);
    const view = new HistoryView(0, 1);
    assert.deepEqual(view.events, []);
    assert.deepEqual(view.over('db', 'splits'), []);
  });
});
