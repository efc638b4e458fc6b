/** Boards of each kind of subject, and `octavo dashboard` itself on hosts that a test has in its hands. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HistoryHost, observed } from '../../../test/support/history-host.js';
import { PID, ScriptedHost } from '../../../test/support/scripted-host.js';
import { terminalOn } from '../../../test/support/terminal.js';
import type { Status } from '../../agent/life/status.js';
import { failure, success } from '../../base/result.js';
import type { Board } from '../../dashboard/board.js';
import { eventWish, filtered } from '../../dashboard/surface/event-filter.js';
import { Query } from '../../dashboard/surface/query.js';
import { OverviewSchema } from '../../dashboard/wire/overview.js';
import { OrdersSchema, SeriesSchema } from '../../dashboard/wire/series.js';
import { History } from '../../history/history.js';
import type { Answerer, Host, WebAnswer, WebServer } from '../../host/host.js';
import { ERRORS, EXIT } from '../../vocabulary/errors.js';
import { documentProblem } from '../documents.js';
import { AgentBoard } from './agent-board.js';
import { EventLog } from './event-log.js';
import { agentEntry } from './history-board.js';
import { thinned } from './series.js';
import { tokenFrom } from './serve.js';
import { boardOf } from './subject-board.js';

const ALL = { target: undefined, fromMs: undefined, toMs: undefined, points: 400 };
const told = <Schema extends { parse(value: unknown): unknown }>(
  schema: Schema,
  name: string,
  value: object,
) =>
  schema.parse({ octavo: `dashboard-${name}`, version: 1, revision: 1, ...value }) as ReturnType<
    Schema['parse']
  >;
const kindsOf = (board: Board) => board.log().decisions.map(({ kind }) => kind);

async function boardOn(
  host: Host,
  word: string | undefined,
  wishes: { heat?: string; runtime?: string } = {},
) {
  const { context } = terminalOn(host);
  return boardOf(context, word, wishes);
}

async function said(host: Host, ...words: string[]) {
  const terminal = terminalOn(host);
  const code = await terminal.run(words);
  return { code, out: terminal.out(), err: terminal.err() };
}

const FIRST = '0x7d000000';

/** Two huge blocks of which the first was split. */
async function splitOne() {
  const host = new ScriptedHost([{ order: 9, zeroes: 100 }, 9, 0]);
  host.write(`/proc/${PID}/comm`, 'db');
  const ran = await said(host, 'run', String(PID), '--split', FIRST, '--json');
  assert.equal(ran.code, EXIT.done, ran.err);
  return { host, run: (JSON.parse(ran.out) as { run: string }).run };
}

describe('a run', () => {
  test('tells each step with its reason and outcome, its orders, and where it was', async () => {
    const { host, run } = await splitOne();
    const board = await boardOn(host, run);
    const overview = told(OverviewSchema, 'overview', board.overview());
    assert.deepEqual(
      [overview.subject.kind, overview.subject.isLive, overview.subject.state],
      ['run', false, 'still'],
    );
    assert.deepEqual(
      [overview.views.map.has, overview.views.bytes.has, overview.views.compare.has],
      [true, false, false],
    );
    assert.match(overview.views.bytes.remedy, /live agent/);
    const [split] = board.log().decisions;
    assert.deepEqual(
      [split.kind, split.address, split.pid, split.place],
      ['split', FIRST, PID, { segment: 0, page: 0 }],
    );
    assert.match(split.outcome, /^met: /);
    assert.equal(split.returnedBytes, 400 * 1024);
    const { moments } = told(OrdersSchema, 'orders', board.orders(undefined)) as ReturnType<
      typeof OrdersSchema.parse
    >;
    assert.deepEqual(
      moments.map(({ label }) => label),
      ['before', 'after'],
    );
    assert.deepEqual(moments[0].parts, [{ order: 9, bytes: 2 ** 21 }]);
    assert.deepEqual(moments[1].parts, [{ order: 0, bytes: 412 * 4096 }]);
    const map = board.map;
    assert.ok(map);
    const huge = map.parts.segments[0].row({
      level: 9,
      row: 0,
      zoom: 0,
      column: 0,
      count: map.parts.columns.length,
    }).huge;
    assert.deepEqual([huge[0], huge.at(-1)], [1, 0]);
    const explained = board.explain({ segment: 0, page: 0 });
    assert.equal(explained.isLive, false);
    assert.match(
      explained.lines.join('\n'),
      /Process 100 \(db\)\nBlock 0x7d000000.*\nsplit to order 0: .*; met: /,
    );
    assert.equal((board.story() as { octavo: string }).octavo, 'story');
  });

  test('is of its name; heat goes with a run and nothing else', async () => {
    const { host } = await splitOne();
    const none = await said(host, 'dashboard', '20200101T000000000Z-0000');
    assert.equal(none.code, EXIT.badInput);
    const heat = await said(host, 'dashboard', '--heat', 'x');
    assert.deepEqual([heat.code, /--heat goes with a run/.test(heat.err)], [EXIT.usage, true]);
  });
});

function status(host: Host, change: Partial<Status> = {}): Status {
  return {
    ...{ octavo: 'agent-status', version: 1, startedMs: 1000, updatedMs: host.clock.wallMs() },
    holder: { pid: PID, startTicks: 5000, bootId: host.identity.bootId },
    configuration: { file: '/a.yaml', files: [], loadedMs: 0, problem: '' },
    watching: { listed: 1, known: 1, waiting: 0, groupless: 0, problem: '' },
    ...{ own: { cpuMs: 50, cpuBound: 0.01 }, troubles: [], events: [] },
    targets: [
      {
        ...{
          name: 'db',
          match: 'command db',
          act: true,
          policy: 'chain',
          processes: 1,
          standing: 'backing-off',
        },
        ...{ blind: [], untilMs: 9, reason: 'pressure', nextMs: 8 },
        last: {
          ...{ atMs: 5, end: 'acted', why: '', processes: 1, resident: 100, huge: 50, planned: 1, met: 1 },
          ...{ returnedBytes: 7, notes: ['a note'] },
        },
        members: [{ pid: PID, startTicks: 5000, command: 'db', cgroup: '/' }],
        totals: { returnedBytes: 70, cameBackBytes: 3 },
      },
    ],
    ...change,
  };
}

describe('a live agent', () => {
  const live = async () => {
    const { host } = await splitOne();
    const tell = (change: Partial<Status> = {}) =>
      host.write('/run/octavo/agent/status.json', JSON.stringify(status(host, change)));
    const board = (await boardOn(host, undefined, { runtime: '/run/octavo/agent' })) as AgentBoard;
    return { host, board, tell };
  };

  test('that never ran is absent, and shows when it comes, goes, and comes again', async () => {
    const { host, board, tell } = await live();
    const absent = told(OverviewSchema, 'overview', board.overview());
    assert.equal(absent.subject.state, 'absent');
    assert.match(absent.subject.troubles.join(), /No agent is seen: /);
    tell({ events: [{ atMs: 5, target: 'db', text: 'came' }] });
    const came = board.look();
    assert.equal(came.agent?.state, 'running');
    assert.ok(came.views.includes('overview') && came.views.includes('events'));
    assert.deepEqual(
      came.decisions.map(({ kind, what }) => [kind, what]),
      [['agent', 'came']],
    );
    assert.deepEqual(board.look().decisions, [], 'nothing is told twice');
    host.alive = false;
    assert.equal(board.look().agent?.state, 'ended');
    assert.match(board.overview().subject.troubles.join(), /\(process 100\) has ended/);
    host.alive = true;
    tell({ events: [{ atMs: 9, target: '', text: 'again' }] });
    const again = board.look();
    assert.deepEqual([again.agent?.state, again.decisions.map(({ what }) => what)], ['running', ['again']]);
  });

  test('has targets with their guards, budgets and bytes', async () => {
    const { board, tell } = await live();
    tell({ troubles: ['the disk is full'] });
    board.look();
    const overview = told(OverviewSchema, 'overview', board.overview()) as ReturnType<
      typeof OverviewSchema.parse
    >;
    const [target] = overview.targets;
    assert.deepEqual(
      [target.id, target.name, target.state, target.guard.why, target.guard.untilMs],
      ['t0', 'db', 'backing-off', 'pressure', 9],
    );
    assert.deepEqual(
      [target.values.residentBytes, target.values.returnedBytes, target.values.cameBackBytes],
      [100, 70, 3],
    );
    assert.equal(overview.budgets[0].name, 'own CPU');
    assert.ok(overview.subject.troubles.includes('the disk is full'));
    assert.equal(overview.views.bytes.has, false);
  });

  test('shows a split that just happened: in the log, and on the map', async () => {
    const { host, board } = await live();
    assert.deepEqual(kindsOf(board), ['split']);
    const before = board.map;
    assert.ok(before);
    const SECOND = '0x7d200000';
    const ran = await said(host, 'run', String(PID), '--split', SECOND);
    assert.equal(ran.code, EXIT.done, ran.err);
    host.nowNs += 1e9;
    const change = board.look();
    assert.deepEqual(
      change.decisions.map(({ kind, address }) => [kind, address]),
      [['split', SECOND]],
    );
    assert.deepEqual(change.decisions[0].place, { segment: 0, page: 512 });
    assert.ok(change.views.includes('map') && board.map !== undefined && board.map.layout > before.layout);
    const { columns, segments } = board.map.parts;
    const { huge } = segments[0].row({ level: 9, row: 1, zoom: 0, column: 0, count: columns.length });
    assert.deepEqual([huge[0], huge.at(-1)], [1, 0]);
    const explained = board.explain({ segment: 0, page: 512 });
    assert.equal(explained.isLive, true);
    assert.match(explained.lines.join('\n'), /Octavo made it so in run /);
  });

  test('has a place for a block of which nothing was left before the first look', async () => {
    const { host } = await splitOne();
    host.blocks[0].present = 0;
    const board = await boardOn(host, undefined, { runtime: '/run/octavo/agent' });
    const [{ kind, address, place }] = board.log().decisions;
    assert.deepEqual([kind, address, place], ['split', FIRST, { segment: 0, page: 0 }]);
    const cell = board.map?.cell({ segment: 0, level: 9, zoom: 0, row: 0, column: 0 });
    assert.equal(cell?.words, 'no memory there');
  });

  test('tells of a block that came back, who did it, and for how long it is left alone', async () => {
    const { host, board } = await live();
    host.blocks[0].order = 9;
    host.blocks[0].present = 512;
    await said(host, 'run', String(PID), '--source', 'smaps');
    const { decisions } = board.look();
    const undone = decisions.find(({ kind }) => kind === 'undone');
    assert.equal(undone?.address, FIRST);
    const [block] = board.pingPong();
    assert.deepEqual([block.pid, block.address, block.times, block.by], [PID, FIRST, 1, 'kernel']);
    assert.ok(block.untilMs !== null && block.lastMs === undone?.atMs);
  });

  test('whose process ended is explained by the journal, or not at all', async () => {
    const { host, board } = await live();
    host.alive = false;
    const known = board.explain({ segment: 0, page: 0 });
    assert.equal(known.isLive, false);
    assert.match(known.why, /has ended/);
    assert.match(known.lines.join('\n'), /as it was: /);
    const never = board.explain({ segment: 0, page: 512 });
    assert.deepEqual([never.isLive, never.lines.length], [false, 2]);
  });

  test('has its history as numbers and orders over time', () => {
    const host = new HistoryHost();
    host.disk.set('/proc/version', Buffer.from('Linux'));
    const history = History.open(host.place);
    for (let turn = 1; turn <= 5; turn++) {
      host.pass(60_000);
      history.append([
        observed('db', { residentBytes: 100 * turn, hugeBytes: 10 * turn, returnedBytes: turn }),
      ]);
    }
    const { context } = terminalOn(host);
    const board = new AgentBoard(context, { place: host.place, runtime: '/none', name: 'x' });
    const change = board.look();
    assert.ok(change.views.includes('bytes') && change.views.includes('orders'));
    const series = told(SeriesSchema, 'series', board.series(ALL)) as ReturnType<typeof SeriesSchema.parse>;
    assert.deepEqual(series.targets[0].values.hugeBytes, [10, 20, 30, 40, 50]);
    const { moments } = board.orders(undefined);
    assert.deepEqual(moments.at(-1)?.parts, [
      { order: null, bytes: 450 },
      { order: 9, bytes: 50 },
    ]);
    assert.equal(moments.at(-1)?.returnedBytes, 15);
    assert.deepEqual(board.orders('other').moments, []);
    assert.deepEqual(board.look().views, []);
  });
});

describe('numbers over time', () => {
  const series = {
    clock: 'wall' as const,
    fields: [
      { name: 'a', nature: 'gauge', unit: 'bytes', tells: '' },
      { name: 'b', nature: 'sum', unit: 'count', tells: '' },
    ] as const,
    times: [10, 20, 30, 40, 50],
    targets: [
      { id: 't0', name: 'x', values: { a: [1, 2, null, 4, 5], b: [1, null, 1, 1, 1] } },
      { id: 't1', name: 'y', values: {} },
    ],
  };
  const cut = (wish: object) => thinned({ ...series, fields: [...series.fields] }, { ...ALL, ...wish });

  test('are of a time and a target; neighbours become one: sums add up, of gauges the last known stays', () => {
    assert.deepEqual(cut({}).times, series.times);
    const half = cut({ points: 2 });
    assert.deepEqual(half.times, [30, 50]);
    assert.deepEqual(half.targets[0].values, { a: [2, 5], b: [2, 2] });
    assert.deepEqual(cut({ fromMs: 20, toMs: 30 }).times, [20, 30]);
    assert.deepEqual(cut({ fromMs: 99 }).times, []);
    assert.deepEqual(cut({ toMs: 5 }).times, []);
    assert.deepEqual(
      cut({ target: 'y' }).targets.map(({ id }) => id),
      ['t1'],
    );
    assert.deepEqual(cut({ fromMs: 30, toMs: 30 }).targets[0].values, { a: [null], b: [1] });
  });
});

test('the log keeps the newest, and says how many it dropped', () => {
  const log = new EventLog(3);
  log.add([1, 2].map((at) => agentEntry(at, '', `${at}`)));
  log.add([3, 4, 5].map((at) => agentEntry(at, '', `${at}`)));
  const { events, dropped } = filtered(log.log, eventWish(new Query('')));
  assert.deepEqual(
    [events.map(({ id, what }) => [id, what]), dropped],
    [
      [
        [5, '5'],
        [4, '4'],
        [3, '3'],
      ],
      2,
    ],
  );
});

describe('serving', () => {
  /** A host with a network that answers the test instead of a socket. */
  function networked(host: ScriptedHost) {
    const asked: Answerer[] = [];
    let closed = 0;
    const server: WebServer = {
      place: { kind: 'tcp', address: '127.0.0.1', port: 4100 },
      waitingBytes: 0,
      close: async () => void closed++,
    };
    const network = {
      answer: async (_: unknown, answerer: Answerer) => {
        asked.push(answerer);
        return success(server);
      },
      pageFile: () => failure({ errno: 'ENOENT', call: 'open' } as const),
    };
    return { host: Object.assign(host, { network: network as never }), asked, closed: () => closed };
  }

  const ask = (answerer: Answerer, target: string, token: string) =>
    answerer({
      ...{ method: 'GET', target, hasBody: false },
      header: (name) => ({ host: 'localhost', authorization: `Bearer ${token}` })[name],
    }) as WebAnswer;

  test('prints an address with a new token, and ends after its time', async () => {
    const { host, run } = await splitOne();
    const { asked, closed } = networked(host);
    const { code, out } = await said(host, 'dashboard', run, '--for', '2s');
    assert.equal(code, EXIT.done);
    const [, token] = /^Open http:\/\/127\.0\.0\.1:4100\/#token=([\w-]{43})\n/.exec(out) ?? [];
    assert.ok(token, out);
    assert.equal(ask(asked[0], '/api/overview', token).status, 200);
    assert.equal(ask(asked[0], '/api/overview', `${token}x`).status, 401);
    assert.equal(closed(), 1);
    const json = await said(host, 'dashboard', run, '--for', '1s', '--json');
    const document = JSON.parse(json.out);
    assert.equal(documentProblem(document), '');
    assert.deepEqual([document.at, document.token.length], ['http://127.0.0.1:4100/', 43]);
  });

  test('takes a token of a file that is its owner’s alone, and does not tell it', async () => {
    const { host, run } = await splitOne();
    const { asked } = networked(host);
    host.write('/token', '  a-secret-of-a-file-1 \n');
    const { out, code } = await said(host, 'dashboard', run, '--for', '1s', '--token', '/token');
    assert.equal(code, EXIT.done);
    assert.doesNotMatch(out, /secret/);
    assert.equal(ask(asked[0], '/api/overview', 'a-secret-of-a-file-1').status, 200);
    for (const text of ['short', 'with a space in between', 'x'.repeat(600), 'ümlaut-in-the-token-x']) {
      host.write('/token', text);
      const unfit = await said(host, 'dashboard', run, '--token', '/token');
      assert.deepEqual([unfit.code, /TOKEN_UNFIT/.test(unfit.err)], [EXIT.badInput, true], text);
    }
    const none = await said(host, 'dashboard', run, '--token', '/none');
    assert.match(none.err, /FILE_UNREADABLE/);
  });

  test('refuses a token that others may read', () => {
    const files = (mode: number) => ({
      readText: () => success('a-secret-of-a-file-1'),
      status: () => success({ kind: 'file', mode, bytes: 20, modifiedMs: 0 }),
    });
    const from = (mode: number) => tokenFrom({ files: files(mode) } as never, '/token');
    assert.equal(from(0o600), 'a-secret-of-a-file-1');
    assert.equal(from(0o400), 'a-secret-of-a-file-1');
    for (const mode of [0o640, 0o604, 0o620, 0o644]) assert.throws(() => from(mode), /others than its owner/);
  });

  test('is of this machine alone, and needs one', async () => {
    const { host, run } = await splitOne();
    for (const place of [
      '0.0.0.0:80',
      '10.0.0.1:80',
      'localhost:1',
      ':80',
      '[::]:80',
      'unix:relative',
      '127.0.0.1:70000',
    ]) {
      const { code, err } = await said(host, 'dashboard', run, '--listen', place);
      assert.deepEqual([code, /VALUE_INVALID|loopback/.test(err)], [EXIT.usage, true], place);
    }
    const { code } = await said(host, 'dashboard', run);
    assert.equal(code, EXIT[ERRORS.DASHBOARD_HOST.exit]);
    const network = {
      answer: async () => failure({ errno: 'EADDRINUSE', call: 'listen 127.0.0.1:1' } as const),
      pageFile: () => failure({ errno: 'ENOENT', call: '' } as const),
    };
    const taken = await said(Object.assign(host, { network: network as never }), 'dashboard', run);
    assert.equal(taken.code, EXIT.refused);
    assert.match(taken.err, /listen 127\.0\.0\.1:1 \(EADDRINUSE\)/);
  });
});
