/**
 * Everything that a request can reach. A path is looked up in a table of exact paths; what the query names is looked up in what
 * is shown. Nothing here opens a file, and no request changes anything but those to the paths of acts, where they were allowed.
 */
import type { WebAnswer, WebRequest } from '../../host/host.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Actions, Board, SeriesWish } from '../board.js';
import type { MapModel } from '../map/map-model.js';
import type { ViewName } from '../wire/overview.js';
import { encodeTile, heatCode, TILE_COLUMNS, TILE_ROWS, type TilePlace } from '../wire/tile.js';
import { ACT_PATHS, Acts } from './acts.js';
import { EVENT_PARAMETERS, eventWish, filtered } from './event-filter.js';
import { isPagePath, type PageFiles, pageReply } from './page-files.js';
import { Query, Refused, refuse } from './query.js';
import { bytesReply, emptyReply, jsonReply, refusalReply, reply } from './replies.js';
import { actRefusalOf, refusalOf } from './request-checks.js';
import type { StreamHub } from './stream-hub.js';
import type { Access } from './token.js';

/** What the surface answers from. */
export interface SurfaceParts {
  readonly board: Board;
  readonly hub: StreamHub;
  readonly access: Access;
  readonly files: PageFiles;
  /** What may be asked of the agent; undefined where nothing may be. */
  readonly actions?: Actions | undefined;
  /** Grows with every change of the board. */
  revision(): number;
  nowMs(): Milliseconds;
  /** Told of what is a bug: the client gets 500 and no details. */
  failed(problem: unknown): void;
}

const MOST_POINTS = 1000;
const USUAL_POINTS = 400;
const ANY_NUMBER = [0, Number.MAX_SAFE_INTEGER] as const;
const MOST_LEVEL = 64;

type Route = (query: Query, request: WebRequest) => WebAnswer;

/** Answers requests; never throws. */
export class Surface {
  readonly #parts: SurfaceParts;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #acts: Acts | undefined;

  constructor(parts: SurfaceParts) {
    this.#parts = parts;
    const { actions, nowMs } = parts;
    this.#acts = actions && new Acts(actions, nowMs);
    this.#routes = new Map<string, Route>([
      ['/api/overview', (query) => this.#overview(query)],
      ['/api/series', (query) => this.#series(query)],
      ['/api/orders', (query) => this.#orders(query)],
      ['/api/map', (query) => this.#map(query)],
      ['/api/map/tile', (query) => this.#tile(query)],
      ['/api/map/cell', (query) => this.#cell(query)],
      ['/api/events', (query) => this.#events(query)],
      ['/api/pingpong', (query) => this.#pingPong(query)],
      ['/api/explain', (query) => this.#explain(query)],
      ['/api/compare', (query) => this.#compare(query)],
      ['/api/story', (query) => this.#story(query)],
      ['/events', (query, request) => this.#follow(query, request)],
    ]);
  }

  answer(request: WebRequest): WebAnswer {
    try {
      return this.#answer(request);
    } catch (problem) {
      return this.#failed(problem);
    }
  }

  /** The same of any request, those that ask for something to be done among them; never rejects. */
  answerOrAct(request: WebRequest): WebAnswer | Promise<WebAnswer> {
    const path = ACT_PATHS.find((one) => one === request.target);
    if (this.#acts === undefined || path === undefined || request.method !== 'POST')
      return this.answer(request);
    return this.#act(this.#acts, path, request);
  }

  async #act(acts: Acts, path: string, request: WebRequest): Promise<WebAnswer> {
    try {
      const refusal = actRefusalOf(request);
      if (refusal !== undefined) return refusalReply(refusal);
      if (!this.#isAllowed(request)) refuse(401, 'token', 'the token is missing, or another one');
      return await acts.answer(path, request);
    } catch (problem) {
      return this.#failed(problem);
    }
  }

  #failed(problem: unknown): WebAnswer {
    if (problem instanceof Refused) return refusalReply(problem.refusal);
    this.#parts.failed(problem);
    return refusalReply({ status: 500, code: 'bug', why: 'a bug in Octavo: its standard error says more' });
  }

  #answer(request: WebRequest): WebAnswer {
    const [path, query = ''] = split(request.target);
    const isPage = isPagePath(path);
    const refusal = refusalOf(request, isPage);
    if (refusal !== undefined) return refusalReply(refusal);
    const page = pageReply(this.#parts.files, path, request);
    if (page !== undefined) return page;
    const route = this.#routes.get(path);
    if (path === '/api/session') return this.#session(request);
    // Who has no token does not learn what paths there are.
    if (!this.#isAllowed(request)) refuse(401, 'token', 'the token is missing, or another one');
    if (route === undefined) return refuse(404, 'path', 'there is no such path');
    return route(new Query(query), request);
  }

  #isAllowed(request: WebRequest): boolean {
    const { access, nowMs } = this.#parts;
    return access.isAllowed(request.header('authorization'), request.header('cookie'), nowMs());
  }

  #session(request: WebRequest): WebAnswer {
    const { access, nowMs } = this.#parts;
    if (access.hasToken(request.header('authorization')))
      return emptyReply({ 'Set-Cookie': access.cookie(nowMs()) });
    if (this.#isAllowed(request)) return emptyReply({});
    return refuse(401, 'token', 'the token is missing, or another one');
  }

  #overview(query: Query): WebAnswer {
    query.only();
    return this.#document('overview', this.#parts.board.overview());
  }

  #series(query: Query): WebAnswer {
    query.only('target', 'from', 'to', 'points');
    this.#needs('bytes');
    const wish: SeriesWish = {
      target: this.#target(query),
      fromMs: query.optional('from', ANY_NUMBER),
      toMs: query.optional('to', ANY_NUMBER),
      points: query.whole('points', [1, MOST_POINTS], USUAL_POINTS),
    };
    return this.#document('series', this.#parts.board.series(wish));
  }

  #orders(query: Query): WebAnswer {
    query.only('target');
    this.#needs('orders');
    return this.#document('orders', this.#parts.board.orders(this.#target(query)));
  }

  /** The name of the target of an id; undefined where none is given. */
  #target(query: Query): string | undefined {
    const id = query.word('target');
    if (id === undefined) return undefined;
    const found = this.#parts.board.overview().targets.find((target) => target.id === id);
    return found?.name ?? refuse(400, 'query', 'target is the id of a target of /api/overview');
  }

  #map(query: Query): WebAnswer {
    query.only();
    const ids = new Map(this.#parts.board.overview().targets.map(({ id, name }) => [name, id]));
    return jsonReply(this.#model().view(this.#parts.revision(), (name) => ids.get(name) ?? null));
  }

  #tile(query: Query): WebAnswer {
    query.only('layout', 'segment', 'level', 'zoom', 'row', 'column');
    return bytesReply(encodeTile(this.#model().tile(this.#place(query, [TILE_ROWS, TILE_COLUMNS]))));
  }

  #cell(query: Query): WebAnswer {
    query.only('layout', 'segment', 'level', 'zoom', 'row', 'column');
    return jsonReply(this.#model().cell(this.#place(query, [1, 1])));
  }

  #place(query: Query, size: readonly [rows: number, columns: number]): TilePlace {
    const place = {
      layout: this.#layout(query),
      segment: query.whole('segment', ANY_NUMBER),
      level: query.whole('level', [0, MOST_LEVEL]),
      zoom: query.whole('zoom', [0, MOST_LEVEL]),
      row: query.whole('row', ANY_NUMBER),
      column: query.whole('column', ANY_NUMBER),
    };
    if (!this.#model().has(place, size)) refuse(400, 'query', 'the map has no such place');
    return place;
  }

  #layout(query: Query): number {
    const layout = query.whole('layout', ANY_NUMBER);
    if (layout !== this.#model().layout)
      refuse(409, 'layout', 'the map has another layout by now: ask /api/map');
    return layout;
  }

  #model(): MapModel {
    this.#needs('map');
    return this.#parts.board.map ?? refuse(404, 'view', 'there is no map');
  }

  #needs(view: ViewName): void {
    if (!this.#parts.board.has(view))
      refuse(404, 'view', 'this subject has no such view: /api/overview says why');
  }

  #events(query: Query): WebAnswer {
    query.only(...EVENT_PARAMETERS);
    this.#needs('events');
    return this.#document('events', filtered(this.#parts.board.log(), eventWish(query)));
  }

  #pingPong(query: Query): WebAnswer {
    query.only();
    this.#needs('pingpong');
    return this.#document('pingpong', { blocks: this.#parts.board.pingPong() });
  }

  #explain(query: Query): WebAnswer {
    query.only('layout', 'segment', 'page');
    this.#layout(query);
    const model = this.#model();
    const segment = query.whole('segment', ANY_NUMBER);
    const found = model.parts.segments[segment] ?? refuse(400, 'query', 'the map has no such segment');
    const { pid, command, firstPage, pages } = found.facts;
    const page = query.whole('page', [0, pages - 1]);
    const { pagesPerBlock } = model.parts.geometry;
    const block = Math.floor(page / pagesPerBlock);
    const address = model.addressOf(firstPage + block * pagesPerBlock);
    const told = this.#parts.board.explain({ segment, page: block * pagesPerBlock });
    const heat = subPages(model, segment, block);
    return this.#document('explain', { segment, pid, command, address, orders: [], ...told, heat });
  }

  #compare(query: Query): WebAnswer {
    query.only();
    this.#needs('compare');
    return this.#document('compare', this.#parts.board.compare());
  }

  #story(query: Query): WebAnswer {
    query.only();
    this.#needs('story');
    const story = this.#parts.board.story();
    return story === undefined
      ? refuse(503, 'story', 'the story is being made: ask again')
      : jsonReply(story);
  }

  #follow(query: Query, request: WebRequest): WebAnswer {
    query.only();
    const { hub } = this.#parts;
    if (hub.isFull) return refuse(429, 'streams', 'too many follow already');
    if (request.method === 'HEAD') return reply(200, EVENT_STREAM, new Uint8Array(0));
    const lastId = request.header('last-event-id');
    return reply(200, EVENT_STREAM, { follow: (sink) => hub.follow(sink, lastId) });
  }

  #document(name: string, told: object): WebAnswer {
    return jsonReply({ octavo: `dashboard-${name}`, version: 1, revision: this.#parts.revision(), ...told });
  }
}

const EVENT_STREAM = 'text/event-stream; charset=utf-8';

function split(target: string): readonly [path: string, query?: string] {
  const at = target.indexOf('?');
  return at < 0 ? [target] : [target.slice(0, at), target.slice(at + 1)];
}

/** Codes of the sub-pages of a block over all of the time; empty where the map has larger rows. */
function subPages(model: MapModel, segment: number, block: number): readonly number[] {
  const { parts, range, mostZoom: zoom } = model;
  const { pagesPerBlock } = parts.geometry;
  if (parts.leastLevel > 0) return [];
  return Array.from({ length: pagesPerBlock }, (_, page) => {
    const place = { level: 0, zoom, row: block * pagesPerBlock + page, column: 0, count: 1 };
    return heatCode(parts.segments[segment].row(place).rate[0], range);
  });
}
