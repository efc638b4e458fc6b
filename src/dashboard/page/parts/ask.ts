/** What the page asks its server. Paths and names are fixed; values are numbers and names that the server told before. */
import type { ActWish, Asked, Preview } from '../../wire/act.js';
import type { Compare } from '../../wire/compare.js';
import type { EventsReply, PingPong } from '../../wire/events.js';
import type { Explain } from '../../wire/explain.js';
import type { Cell, MapView } from '../../wire/map.js';
import type { Overview } from '../../wire/overview.js';
import type { Orders, Series } from '../../wire/series.js';
import { decodeTile, type Tile, type TilePlace } from '../../wire/tile.js';

/** The server's no, or its silence (status 0). */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, why: string) {
    super(why);
    this.status = status;
  }
}

type Query = Readonly<Record<string, string | number | undefined>>;
/** A page of a segment, of the layout that it was told in. */
export type PageName = Readonly<{ layout: number; segment: number; page: number }>;

/** Questions by what they ask for. All reject with Refusal. */
export const ask = {
  overview: () => json<Overview>('/api/overview'),
  series: (query: Query) => json<Series>('/api/series', query),
  orders: (query: Query) => json<Orders>('/api/orders', query),
  map: () => json<MapView>('/api/map'),
  cell: (place: TilePlace) => json<Cell>('/api/map/cell', { ...place }),
  events: (query: Query) => json<EventsReply>('/api/events', query),
  pingpong: () => json<PingPong>('/api/pingpong'),
  explain: (page: PageName) => json<Explain>('/api/explain', page),
  compare: () => json<Compare>('/api/compare'),
  tile: askTile,
  session: askSession,
  preview: (wish: ActWish) => post<Preview>('/api/act/preview', wish),
  confirm: (id: string) => post<Asked>('/api/act/confirm', { id }),
};

async function askTile(place: TilePlace): Promise<Tile> {
  const reply = await get('/api/map/tile', { ...place });
  const tile = decodeTile(new Uint8Array(await reply.arrayBuffer()));
  if (tile === undefined) throw new Refusal(0, 'the answer is no tile of the map');
  return tile;
}

/** Exchanges the token for a cookie. */
async function askSession(token: string): Promise<void> {
  await get('/api/session', {}, { Authorization: `Bearer ${token}` });
}

async function json<Document>(path: string, query: Query = {}): Promise<Document> {
  return document<Document>(await get(path, query));
}

/** Asks for something to be done, or to be looked at before. */
async function post<Document>(path: string, body: object): Promise<Document> {
  const headers = { 'Content-Type': 'application/json' };
  return document<Document>(await fetched(path, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function document<Document>(reply: Response): Promise<Document> {
  try {
    return (await reply.json()) as Document;
  } catch {
    throw new Refusal(0, 'the answer broke off');
  }
}

async function get(path: string, query: Query, headers: Record<string, string> = {}): Promise<Response> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return fetched(search === '' ? path : `${path}?${search}`, { headers });
}

async function fetched(path: string, init: RequestInit): Promise<Response> {
  let reply: Response;
  try {
    reply = await fetch(path, { ...init, credentials: 'same-origin' });
  } catch {
    throw new Refusal(0, 'the server does not answer');
  }
  if (reply.ok) return reply;
  throw new Refusal(reply.status, await whyOf(reply));
}

async function whyOf(reply: Response): Promise<string> {
  try {
    const { why } = (await reply.json()) as { why?: unknown };
    if (typeof why === 'string' && why !== '') return why;
  } catch {
    // Not a refusal of ours: the status says what there is to say.
  }
  return `the server answered ${reply.status}`;
}
