/** Acts that a page asks for: who may, how they are shown and confirmed, and that nothing is done without either. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeBoard } from '../../../test/support/fake-board.js';
import { failure } from '../../base/result.js';
import type { Network, WebAnswer, WebRequest } from '../../host/host.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Actions, Prepared } from '../board.js';
import { type ActWish, AskedSchema, PreviewSchema } from '../wire/act.js';
import { HOLDS_MS } from './acts.js';
import { readPageFiles } from './page-files.js';
import { StreamHub } from './stream-hub.js';
import { Surface } from './surface.js';
import { Access } from './token.js';

const TOKEN = 'a-token-of-a-test';
const HOST = 'localhost:8040';
const PAGE = {
  host: HOST,
  authorization: `Bearer ${TOKEN}`,
  origin: `http://${HOST}`,
  'sec-fetch-site': 'same-origin',
  'content-type': 'application/json',
};
const network = { pageFile: () => failure({ errno: 'ENOENT', call: 'open' }) } as unknown as Network;

/** Actions that note what was asked of the agent. */
class FakeActions implements Actions {
  readonly prepared: ActWish[] = [];
  readonly asked: { readonly id: string; readonly letter: unknown }[] = [];
  refusal = '';
  problem: Error | undefined;
  silence: string | undefined;
  hold: Promise<void> | undefined;
  #ids = 0;

  async prepare(wish: ActWish): Promise<Prepared> {
    this.prepared.push(wish);
    await this.hold;
    if (this.problem !== undefined) throw this.problem;
    return { title: 'Do it', lines: ['this'], calls: ['madvise'], refusal: this.refusal, letter: wish };
  }

  newId(): string {
    return (++this.#ids).toString(16).padStart(16, '0');
  }

  ask(id: string, { letter }: Prepared): string | undefined {
    if (this.silence === undefined) this.asked.push({ id, letter });
    return this.silence;
  }
}

function served(mayAct = true) {
  const actions = new FakeActions();
  const state = { now: 1_700_000_000_000, problems: [] as unknown[] };
  const surface = new Surface({
    board: new FakeBoard(),
    hub: new StreamHub('e1', () => ({ revision: 4, kind: 'agent', isLive: true })),
    ...{ access: new Access(TOKEN), files: readPageFiles(network), revision: () => 4 },
    actions: mayAct ? actions : undefined,
    nowMs: () => state.now,
    failed: (problem) => void state.problems.push(problem),
  });
  const post = (
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string | undefined>> = {},
    rest: Partial<WebRequest> = {},
  ) => {
    const all: Readonly<Record<string, string | undefined>> = { ...PAGE, ...headers };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return surface.answerOrAct({
      ...{ method: 'POST', target: path, hasBody: true, body: text, header: (name) => all[name], ...rest },
    });
  };
  const preview = (body: unknown = PAUSE, ...rest: [headers?: Record<string, string | undefined>]) =>
    post('/api/act/preview', body, ...rest);
  return { actions, state, post, preview };
}

const PAUSE = { act: 'pause', target: 't0' };
const documentOf = ({ body }: WebAnswer): Record<string, unknown> =>
  JSON.parse(body instanceof Uint8Array ? new TextDecoder().decode(body) : '{}');
const codeOf = (answer: WebAnswer) => `${answer.status} ${documentOf(answer).code}`;

describe('an act', () => {
  test('is shown, and asked of the agent only when that is confirmed, once', async () => {
    const { preview, post, actions } = served();
    const answer = await preview();
    const shown = PreviewSchema.parse(documentOf(answer));
    assert.deepEqual([answer.status, shown.title, shown.holdsMs], [200, 'Do it', HOLDS_MS]);
    assert.deepEqual(actions.asked, []);
    const asked = await post('/api/act/confirm', { id: shown.id });
    assert.deepEqual([asked.status, AskedSchema.parse(documentOf(asked)).id], [202, shown.id]);
    assert.deepEqual(actions.asked, [{ id: shown.id, letter: PAUSE }]);
    assert.equal(codeOf(await post('/api/act/confirm', { id: shown.id })), '409 preview');
    assert.equal(actions.asked.length, 1);
  });

  test('cannot be confirmed after its time, nor under a name that nobody was told', async () => {
    const { preview, post, actions, state } = served();
    const { id } = documentOf(await preview());
    assert.equal(codeOf(await post('/api/act/confirm', { id: 'f'.repeat(16) })), '409 preview');
    state.now += HOLDS_MS;
    const other = documentOf(await preview());
    assert.equal((await post('/api/act/confirm', { id })).status, 202, 'to the last millisecond');
    state.now += HOLDS_MS + 1;
    assert.equal(codeOf(await post('/api/act/confirm', { id: other.id })), '409 preview');
    assert.equal(actions.asked.length, 1);
  });

  test('of nine that were shown the first is forgotten', async () => {
    const { preview, post } = served();
    const ids: unknown[] = [];
    for (let at = 0; at < 9; at++) ids.push(documentOf(await preview()).id);
    assert.equal(codeOf(await post('/api/act/confirm', { id: ids[0] })), '409 preview');
    assert.equal((await post('/api/act/confirm', { id: ids[1] })).status, 202);
  });

  test('that cannot be done is told in words, and has no name to be confirmed by', async () => {
    const { preview, actions } = served();
    actions.refusal = 'redis is only watched';
    assert.deepEqual(
      [documentOf(await preview()).id, documentOf(await preview()).refusal],
      ['', 'redis is only watched'],
    );
    actions.problem = new OctavoError('TARGET_GONE', { pid: 7 });
    assert.match(String(documentOf(await preview()).refusal), /7/);
  });

  test('of an agent that cannot be asked is refused; a bug is told to who serves, and to nobody else', async () => {
    const { preview, post, actions, state } = served();
    const { id } = documentOf(await preview());
    actions.silence = 'no agent runs';
    const answer = await post('/api/act/confirm', { id });
    assert.deepEqual([codeOf(answer), documentOf(answer).why], ['503 agent', 'no agent runs']);
    actions.problem = new Error('secret');
    assert.equal(codeOf(await preview()), '500 bug');
    assert.equal(state.problems.length, 1);
  });

  test('is looked at one at a time', async () => {
    const { preview, actions } = served();
    let go: () => void = () => undefined;
    actions.hold = new Promise((resolve) => {
      go = resolve;
    });
    const first = preview();
    assert.equal(codeOf(await preview()), '429 busy');
    go();
    assert.equal((await first).status, 200);
    assert.equal((await preview()).status, 200);
  });
});

describe('who may not ask for an act', () => {
  const refusals: readonly (readonly [
    words: string,
    headers: Record<string, string | undefined>,
    code: string,
  ])[] = [
    ['no token', { authorization: undefined }, '401 token'],
    ['another token', { authorization: 'Bearer x' }, '401 token'],
    ['another name of the host', { host: 'evil.example', origin: 'http://evil.example' }, '421 host'],
    ['a foreign page', { origin: 'http://evil.example' }, '403 origin'],
    ['a page of another port', { origin: 'http://localhost:8041' }, '403 origin'],
    ['a page without a name', { origin: 'null' }, '403 origin'],
    ['no page', { origin: undefined }, '403 origin'],
    ['another site', { 'sec-fetch-site': 'cross-site' }, '403 site'],
    ['another port, as browsers tell', { 'sec-fetch-site': 'same-site' }, '403 site'],
    ['an address that was typed', { 'sec-fetch-site': 'none' }, '403 site'],
    ['a browser that does not tell', { 'sec-fetch-site': undefined }, '403 site'],
    ['a form', { 'content-type': 'text/plain' }, '415 type'],
    ['another form', { 'content-type': 'application/x-www-form-urlencoded' }, '415 type'],
    ['no type', { 'content-type': undefined }, '415 type'],
    ['nearly the type', { 'content-type': 'application/json-seq' }, '415 type'],
  ];
  for (const [words, headers, code] of refusals)
    test(words, async () => {
      const { preview, post, actions } = served();
      assert.equal(codeOf(await preview(PAUSE, headers)), code);
      const { id } = documentOf(await preview());
      assert.equal(codeOf(await post('/api/act/confirm', { id }, headers)), code);
      assert.deepEqual([actions.prepared.length, actions.asked.length], [1, 0]);
    });

  test('who has a cookie and the page may', async () => {
    const cookie = new Access(TOKEN).cookie(1_700_000_000_000).split(';')[0];
    const answer = await served().preview(PAUSE, {
      ...{ authorization: undefined, cookie, 'content-type': 'application/json; charset=UTF-8' },
    });
    assert.equal(answer.status, 200);
  });

  test('nobody, where that was not allowed: reading stays as it is', async () => {
    const { preview, post, actions } = served(false);
    assert.equal(codeOf(await preview()), '405 method');
    assert.equal(codeOf(await post('/api/act/confirm', { id: '0'.repeat(16) })), '405 method');
    assert.deepEqual(actions.prepared, []);
  });

  test('by another method, another path, with a query, or without a body', async () => {
    const { post, actions } = served();
    const none = { hasBody: false };
    assert.equal(codeOf(await post('/api/act/preview', '', {}, { method: 'GET', ...none })), '404 path');
    assert.equal(codeOf(await post('/api/act/preview', PAUSE, {}, { method: 'PUT' })), '405 method');
    assert.equal(codeOf(await post('/api/act/preview?a=1', PAUSE)), '405 method');
    assert.equal(codeOf(await post('/api/overview', PAUSE)), '405 method');
    const unread = { method: 'POST', target: '/api/act/preview', hasBody: true } as const;
    const { body: _, ...bare } = { body: '', ...unread };
    assert.equal(
      codeOf(await post('/api/act/preview', PAUSE, {}, { ...bare, body: undefined } as never)),
      '413 body',
    );
    assert.equal(codeOf(await post('/api/act/preview', '', {}, none)), '413 body');
    assert.deepEqual(actions.prepared, []);
  });

  test('for what is none of the acts', async () => {
    const { preview, post, actions } = served();
    const wrong: readonly unknown[] = [
      ...['', '{', 'null', '[]', '{}', { act: 'format' }, { act: 'pause' }, { act: 'pause', target: 7 }],
      ...[
        { ...PAUSE, more: 1 },
        { act: 'undo', run: '' },
        { act: 'undo', run: 'x'.repeat(201) },
      ],
      ...[
        { act: 'split', layout: 1, segment: -1, page: 0 },
        { act: 'split', layout: 1, segment: 0, page: 0.5 },
      ],
    ];
    for (const body of wrong) assert.equal(codeOf(await preview(body)), '400 body', JSON.stringify(body));
    for (const body of [{ id: '../x' }, { id: 7 }, {}])
      assert.equal(codeOf(await post('/api/act/confirm', body)), '400 body');
    assert.deepEqual([actions.prepared, actions.asked], [[], []]);
  });
});
