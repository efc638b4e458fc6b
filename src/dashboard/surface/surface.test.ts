/** What a request gets: who may ask, from where, for what; and that every reply is what its schema says. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ZodType } from 'zod';
import { decision, FakeBoard, fakeMap } from '../../../test/support/fake-board.js';
import { failure, success } from '../../base/result.js';
import type { Network, WebAnswer, WebRequest } from '../../host/host.js';
import { CompareSchema } from '../wire/compare.js';
import { type EventsReply, EventsSchema, PingPongSchema } from '../wire/events.js';
import { type Explain, ExplainSchema } from '../wire/explain.js';
import { CellSchema, MapSchema } from '../wire/map.js';
import { OverviewSchema } from '../wire/overview.js';
import { OrdersSchema, SeriesSchema } from '../wire/series.js';
import { decodeTile } from '../wire/tile.js';
import { readPageFiles } from './page-files.js';
import { HUB_BOUNDS, StreamHub } from './stream-hub.js';
import { Surface } from './surface.js';
import { Access, newToken, SESSION_MS, TOKEN_LETTERS } from './token.js';

const TOKEN = 'a-token-of-a-test';
const NOW = 1_700_000_000_000;
const HOST = 'localhost:8040';
const BEARER = { authorization: `Bearer ${TOKEN}` };

const network = {
  pageFile: (name: string) =>
    name === 'app.js'
      ? success(new TextEncoder().encode('let page;'.repeat(50)))
      : failure({ errno: 'ENOENT', call: 'open' } as const),
} as unknown as Network;

function served(board = new FakeBoard()) {
  const state = { now: NOW, problems: [] as unknown[] };
  const hub = new StreamHub('e1', () => ({ revision: 4, kind: 'agent', isLive: true }), {
    ...HUB_BOUNDS,
    followers: 2,
  });
  const surface = new Surface({
    ...{ board, hub, access: new Access(TOKEN), files: readPageFiles(network) },
    revision: () => 4,
    nowMs: () => state.now,
    failed: (problem) => void state.problems.push(problem),
  });
  const request = (
    target: string,
    headers: Readonly<Record<string, string>> = {},
    rest: Partial<WebRequest> = {},
  ): WebRequest => ({
    ...{ method: 'GET', target, hasBody: false },
    header: (name) => ({ host: HOST, ...headers })[name],
    ...rest,
  });
  const ask = (...words: Parameters<typeof request>) => surface.answer(request(...words));
  const get = (target: string) => ask(target, BEARER);
  return { board, hub, state, ask, get };
}

const textOf = ({ body }: WebAnswer): string =>
  body instanceof Uint8Array ? new TextDecoder().decode(body) : 'stream';
const documentOf = <Shape>(answer: WebAnswer): Shape => JSON.parse(textOf(answer)) as Shape;
const codeOf = (answer: WebAnswer) => `${answer.status} ${documentOf<{ code?: string }>(answer).code}`;

describe('who may ask', () => {
  test('who has the token, in a header; nobody learns which paths there are without it', () => {
    const { ask } = served();
    assert.equal(ask('/api/overview', BEARER).status, 200);
    assert.equal(ask('/api/overview', { authorization: `bearer  ${TOKEN}` }).status, 200);
    for (const authorization of [
      '',
      TOKEN,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      'Bearer',
      `Basic ${TOKEN}`,
    ]) {
      assert.equal(codeOf(ask('/api/overview', { authorization })), '401 token', authorization);
      assert.equal(codeOf(ask('/api/none', { authorization })), '401 token', authorization);
      assert.equal(codeOf(ask('/events', { authorization })), '401 token', authorization);
    }
    assert.equal(codeOf(ask('/api/none', BEARER)), '404 path');
    assert.equal(ask('/api/overview').headers['WWW-Authenticate'], 'Bearer realm="octavo"');
  });

  test('who was given a cookie for it, while it holds; it survives a restart with the same token', () => {
    const { ask, state } = served();
    const given = ask('/api/session', BEARER);
    assert.equal(given.status, 204);
    assert.match(
      given.headers['Set-Cookie'],
      /^octavo_[0-9a-f]{8}=\d+\.[\w-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    const [cookie] = given.headers['Set-Cookie'].split(';');
    assert.equal(ask('/api/overview', { cookie: `a=b; ${cookie}` }).status, 200);
    assert.equal(served().ask('/api/overview', { cookie }).status, 200);
    const [name, value] = cookie.split('=');
    const [until, signature] = value.split('.');
    const wrong = [
      `${name}=${Number(until) + 1}.${signature}`,
      `${name}=${until}.x`,
      `${name}=`,
      `other=${value}`,
      value,
    ];
    for (const one of wrong) assert.equal(ask('/api/overview', { cookie: one }).status, 401, one);
    const again = ask('/api/session', { cookie });
    assert.deepEqual([again.status, again.headers['Set-Cookie']], [204, undefined]);
    state.now += SESSION_MS - 1;
    assert.equal(ask('/api/overview', { cookie }).status, 200);
    state.now += 1;
    assert.equal(ask('/api/overview', { cookie }).status, 401);
    // A clock that was set back makes no cookie hold for longer.
    state.now = NOW - 1;
    assert.equal(ask('/api/overview', { cookie }).status, 401);
    assert.equal(ask('/api/session').status, 401);
  });

  test('a cookie of another token is none', () => {
    const cookie = new Access('another-token-of-a-test')
      .cookie(NOW)
      .split(';')[0]
      .replace(/^[^=]+/, new Access(TOKEN).cookieName);
    assert.equal(served().ask('/api/overview', { cookie }).status, 401);
  });

  test('a token is made of 256 random bits', () => {
    let word = 0;
    const token = newToken(() => 0xfedc_0000 + word++);
    assert.equal(word, 8);
    assert.equal(Buffer.from(token, 'base64url').length, 32);
    assert.match(token, TOKEN_LETTERS);
  });
});

describe('where a request comes from', () => {
  const { ask } = served();
  const from = (headers: Readonly<Record<string, string>>, target = '/api/overview') =>
    ask(target, { ...BEARER, ...headers });

  test('it names the loopback interface, also through a port that leads here', () => {
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:80', '127.9.9.9', '[::1]:9'])
      assert.equal(from({ host }).status, 200, host);
    for (const host of [
      '',
      'evil.example',
      'localhost.evil.example',
      '10.0.0.1',
      '127.0.0.1x',
      'localhost:123456',
      'localhost@evil',
    ])
      for (const target of ['/', '/app.js', '/api/overview', '/events', '/none'])
        assert.equal(codeOf(from({ host }, target)), '421 host', `${host} ${target}`);
  });

  test('its own page, or no page', () => {
    assert.equal(from({ origin: `http://${HOST}` }).status, 200);
    assert.equal(from({ origin: `HTTP://${HOST.toUpperCase()}` }).status, 200);
    for (const origin of [
      'http://evil.example',
      'null',
      `https://${HOST}`,
      'http://localhost:8041',
      `http://${HOST}.evil.example`,
    ])
      for (const target of ['/', '/api/overview', '/api/session', '/events'])
        assert.equal(codeOf(from({ origin }, target)), '403 origin', `${origin} ${target}`);
  });

  test('by what the browser says of it; a link from elsewhere leads to the page alone', () => {
    for (const site of ['same-origin', 'none']) assert.equal(from({ 'sec-fetch-site': site }).status, 200);
    const link = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    for (const site of ['cross-site', 'same-site', 'new-word']) {
      const header = { 'sec-fetch-site': site };
      assert.equal(codeOf(from(header)), '403 site', site);
      assert.equal(codeOf(from({ ...header, ...link })), '403 site', site);
      assert.equal(codeOf(from(header, '/')), '403 site', site);
      assert.equal(from({ ...header, ...link }, '/').status, 200, site);
      assert.equal(codeOf(from({ ...header, ...link, 'sec-fetch-dest': 'iframe' }, '/')), '403 site', site);
      assert.equal(codeOf(from({ ...header, ...link, 'sec-fetch-mode': 'no-cors' }, '/')), '403 site', site);
    }
  });

  test('GET and HEAD, without a body', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'get', '']) {
      const answer = ask('/api/overview', BEARER, { method });
      assert.equal(codeOf(answer), '405 method', method);
      assert.equal(answer.headers.Allow, 'GET, HEAD');
    }
    assert.equal(ask('/api/overview', BEARER, { method: 'HEAD' }).status, 200);
    assert.equal(codeOf(ask('/api/overview', BEARER, { hasBody: true })), '413 body');
  });
});

describe('every answer', () => {
  test('may run no script but its own, is kept nowhere, and is of the type that it says', () => {
    const { ask, get } = served();
    for (const answer of [
      ask('/'),
      ask('/app.css'),
      get('/api/overview'),
      ask('/api/overview'),
      ask('/x', { host: 'evil' }),
      get('/events'),
    ]) {
      const { headers } = answer;
      assert.match(
        headers['Content-Security-Policy'],
        /^default-src 'none'; script-src 'self'; style-src 'self'; /,
      );
      assert.match(headers['Content-Security-Policy'], /frame-ancestors 'none'/);
      assert.doesNotMatch(headers['Content-Security-Policy'], /unsafe|\*|http/);
      assert.deepEqual(
        [
          headers['Cache-Control'],
          headers['X-Content-Type-Options'],
          headers['Referrer-Policy'],
          headers['Cross-Origin-Resource-Policy'],
        ],
        ['no-store', 'nosniff', 'no-referrer', 'same-origin'],
      );
    }
  });

  test('of the page is packed as it is accepted', async () => {
    const { ask } = served();
    const { gunzipSync, brotliDecompressSync } = await import('node:zlib');
    const plain = ask('/app.js');
    assert.equal(plain.headers['Content-Encoding'], undefined);
    const body = (accepted: string) => {
      const answer = ask('/app.js', { 'accept-encoding': accepted });
      return [answer.headers['Content-Encoding'], answer.body as Uint8Array] as const;
    };
    const [br, packed] = body('gzip, deflate, br');
    assert.equal(br, 'br');
    assert.equal(brotliDecompressSync(packed).toString(), textOf(plain));
    const [gzip, zipped] = body('gzip;q=0.8, br;q=0');
    assert.equal(gzip, 'gzip');
    assert.equal(gunzipSync(zipped).toString(), textOf(plain));
    assert.equal(body('identity')[0], undefined);
    assert.match(textOf(ask('/')), /The page was not built/);
    assert.match(ask('/app.js').headers['Content-Type'], /^text\/javascript/);
  });

  test('is what its schema says', () => {
    const { get } = served();
    const place = 'layout=1&segment=0&level=9&zoom=0&row=0&column=0';
    const cases: Readonly<Record<string, ZodType>> = {
      '/api/overview': OverviewSchema,
      '/api/series?target=t0&from=0&to=9&points=7': SeriesSchema,
      '/api/orders?target=t0': OrdersSchema,
      '/api/map': MapSchema,
      [`/api/map/cell?${place}`]: CellSchema,
      '/api/events': EventsSchema,
      '/api/pingpong': PingPongSchema,
      '/api/explain?layout=1&segment=0&page=700': ExplainSchema,
      '/api/compare': CompareSchema,
    };
    for (const [target, schema] of Object.entries(cases)) {
      const answer = get(target);
      assert.equal(answer.status, 200, `${target}: ${textOf(answer)}`);
      schema.parse(documentOf(answer));
    }
    const tile = decodeTile(get(`/api/map/tile?${place}`).body as Uint8Array);
    assert.deepEqual([tile?.layout, tile?.level, tile?.rows, tile?.columns], [1, 9, 256, 256]);
    assert.equal(documentOf<{ octavo: string }>(get('/api/story')).octavo, 'story');
    assert.deepEqual(
      documentOf<{ targets: { name: string }[]; times: number[] }>(get('/api/series')).times,
      [400],
    );
    assert.equal(
      documentOf<{ targets: { name: string }[] }>(get('/api/series?target=t0')).targets[0].name,
      'redis',
    );
  });
});

describe('what a request names', () => {
  const { board, get, ask, state } = served();

  test('is looked up, and refused when it is not there', () => {
    const place = { layout: 1, segment: 0, level: 9, zoom: 0, row: 0, column: 0 };
    const tile = (change: object) =>
      `/api/map/tile?${new URLSearchParams(Object.entries({ ...place, ...change }).map(([key, value]) => [key, String(value)] as [string, string]))}`;
    assert.equal(get(tile({})).status, 200);
    assert.equal(codeOf(get(tile({ layout: 2 }))), '409 layout');
    for (const change of [
      { segment: 1 },
      { segment: -1 },
      { level: 65 },
      { level: 1.5 },
      { zoom: 'x' },
      { row: 1e17 },
      { row: 1 },
      { column: 2 },
      { segment: '../etc' },
      { row: '' },
    ])
      assert.equal(codeOf(get(tile(change))), '400 query', JSON.stringify(change));
    for (const target of [
      '/api/map/tile?layout=1',
      '/api/map?x=1',
      '/api/explain?layout=1&segment=0&page=32768',
      '/api/explain?layout=1&segment=9&page=0',
      '/api/series?target=redis',
      '/api/series?points=1001',
      '/api/series?points=1&points=2',
      '/api/orders?target=t1',
      '/api/events?kind=splits',
      '/api/events?limit=501',
      '/api/events?limit=0',
      `/api/events?text=${'x'.repeat(201)}`,
      `/api/overview?${'x'.repeat(3000)}`,
    ])
      assert.equal(codeOf(get(target)), '400 query', target.slice(0, 60));
    for (const path of [
      '/api',
      '/api/',
      '/api/../etc/passwd',
      '/%2e%2e/etc/passwd',
      '//',
      '/app.js/',
      '/APP.JS',
      '*',
      `http://${HOST}/api/map`,
      '',
      '/__proto__',
      '/constructor',
    ])
      assert.equal(codeOf(get(path)), '404 path', path);
    assert.equal(ask('/constructor').status, 401);
    assert.deepEqual(state.problems, []);
  });

  test('is a block of the map; its sub-pages come with it', () => {
    const told = documentOf<Explain>(get('/api/explain?layout=1&segment=0&page=700'));
    assert.deepEqual([told.pid, told.command, told.address], [4711, 'db', '0x80200000']);
    assert.deepEqual(told.lines, ['{"segment":0,"page":512}']);
    assert.equal(told.heat.length, 512);
    assert.ok(told.heat.some((code) => code > 1) && told.heat.every((code) => code >= 1));
  });

  test('is a view that the subject has', () => {
    const lacking = served();
    for (const view of ['bytes', 'map', 'orders', 'events', 'pingpong', 'compare', 'story'] as const)
      lacking.board.lacks.add(view);
    for (const path of ['series', 'map', 'orders', 'events', 'pingpong', 'compare', 'story'])
      assert.equal(codeOf(lacking.get(`/api/${path}`)), '404 view', path);
    const bare = served();
    bare.board.map = undefined;
    assert.equal(codeOf(bare.get('/api/map')), '404 view');
  });

  test('a bug is told to who runs it, and nothing of it to who asks', () => {
    const broken = served();
    broken.board.story = () => {
      throw new Error('a secret');
    };
    const answer = broken.get('/api/story');
    assert.equal(answer.status, 500);
    assert.doesNotMatch(textOf(answer), /secret/);
    assert.equal(broken.state.problems.length, 1);
  });

  test('another layout is told apart from none', () => {
    board.map = fakeMap(2);
    assert.equal(codeOf(get('/api/map/cell?layout=1&segment=0&level=9&zoom=0&row=0&column=0')), '409 layout');
    assert.equal(get('/api/map/cell?layout=2&segment=0&level=9&zoom=0&row=0&column=0').status, 200);
  });
});

describe('the decision log', () => {
  const { board, get } = served();
  board.decisions = Array.from({ length: 250 }, (_, at) =>
    decision(at + 1, {
      kind: at % 5 === 0 ? 'undone' : 'split',
      target: at % 2 === 0 ? 'redis' : 'mysql',
      run: at < 100 ? 'r1' : 'r2',
      place: at % 3 === 0 ? null : { segment: 0, page: at * 512 },
      why: at === 7 ? 'Sparse <b>Heat</b>' : 'other',
    }),
  );
  const events = (query: string) => documentOf<EventsReply>(get(`/api/events${query}`));

  test('comes newest first, page by page', () => {
    const first = events('');
    assert.deepEqual(
      [first.total, first.events.length, first.events[0].id, first.next],
      [250, 100, 250, 151],
    );
    const last = events(`?before=${first.next}&limit=500`);
    assert.deepEqual([last.events.length, last.events[0].id, last.next], [150, 150, null]);
    assert.deepEqual([first.kinds.undone, first.kinds.split, first.kinds.agent], [50, 200, 0]);
    assert.deepEqual(first.targets, ['mysql', 'redis']);
  });

  test('by kind, target, run, words, time and place', () => {
    assert.equal(events('?kind=undone').total, 50);
    assert.equal(events('?kind=undone,split').total, 250);
    assert.equal(events('?target=redis&kind=undone').total, 25);
    assert.equal(events('?run=r1').total, 100);
    assert.deepEqual(
      events('?text=sparse%20%3Cb').events.map(({ id }) => id),
      [8],
    );
    assert.equal(events('?text=ORDER').total, 250);
    assert.equal(events('?from=3000&to=5000').total, 3);
    assert.deepEqual(
      events('?segment=0&firstPage=512&endPage=2048').events.map(({ id }) => id),
      [3, 2],
    );
    assert.equal(events('?segment=0').total, 166);
    assert.equal(events('?target=nobody').total, 0);
  });
});

describe('who follows', () => {
  const follow = (answer: WebAnswer) => {
    assert.ok(!(answer.body instanceof Uint8Array));
    const told: string[] = [];
    const leave = answer.body.follow({
      send: (text) => void told.push(text),
      end: () => void told.push('END'),
    });
    return { told, leave };
  };

  test('is greeted, told of changes, and gets what it missed', () => {
    const { hub, get, ask } = served();
    const first = follow(get('/events'));
    assert.equal(
      first.told.join(''),
      'retry: 2000\n\nid: e1-0\nevent: hello\ndata: {"revision":4,"kind":"agent","isLive":true}\n\n',
    );
    hub.publish('change', { revision: 5, views: ['map'] });
    hub.publish('agent', { state: 'ended', sinceMs: null });
    assert.equal(first.told[1], 'id: e1-1\nevent: change\ndata: {"revision":5,"views":["map"]}\n\n');
    first.leave();
    hub.publish('change', { revision: 6, views: ['events'] });
    assert.equal(first.told.length, 3);
    const again = follow(ask('/events', { ...BEARER, 'last-event-id': 'e1-1' }));
    assert.match(
      again.told[0],
      /^retry: 2000\n\nid: e1-2\nevent: agent\n.*\n\nid: e1-3\nevent: change\n.*\n\nid: e1-3\nevent: hello\n/,
    );
    for (const id of ['e0-1', 'e1-9', 'x', 'e1-', '../e1-1']) {
      const { told, leave } = follow(ask('/events', { ...BEARER, 'last-event-id': id }));
      assert.match(told[0], /event: reset\ndata: \{"revision":4\}/, id);
      leave();
    }
    hub.beat();
    hub.end();
    assert.deepEqual(again.told.slice(1), [': alive\n\n', 'END']);
  });

  test('is one of few; HEAD follows nothing', () => {
    const { hub, get, ask } = served();
    const [one] = [follow(get('/events')), follow(get('/events'))];
    assert.equal(codeOf(get('/events')), '429 streams');
    assert.equal(hub.followers, 2);
    one.leave();
    assert.equal(textOf(ask('/events', BEARER, { method: 'HEAD' })), '');
    assert.equal(hub.followers, 1);
    assert.equal(get('/events').status, 200);
  });

  test('that was away for too long is told to ask anew', () => {
    const hello = () => ({ revision: 1, kind: 'agent', isLive: true }) as const;
    const after = (kept: number, keptBytes: number, id: string) => {
      const hub = new StreamHub('e', hello, { followers: 9, kept, keptBytes });
      for (let revision = 1; revision <= 10; revision++) hub.publish('change', { revision, views: ['map'] });
      const told: string[] = [];
      hub.follow({ send: (text) => void told.push(text), end: () => undefined }, id);
      return /event: (\w+)/.exec(told[0])?.[1];
    };
    assert.equal(after(4, 1e6, 'e-6'), 'change');
    assert.equal(after(4, 1e6, 'e-5'), 'reset');
    assert.equal(after(100, 1e6, 'e-0'), 'change');
    assert.equal(after(100, 200, 'e-0'), 'reset');
    assert.equal(after(100, 1e6, 'e-10'), 'hello');
  });
});
