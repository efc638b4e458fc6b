/** Serves a board until it is told to stop: the token, the server, and what changes meanwhile. */
import type { Actions, Board, Change } from '../../dashboard/board.js';
import { MOST_ACT_BYTES } from '../../dashboard/surface/acts.js';
import { readPageFiles } from '../../dashboard/surface/page-files.js';
import { StreamHub } from '../../dashboard/surface/stream-hub.js';
import { Surface } from '../../dashboard/surface/surface.js';
import { Access, LEAST_TOKEN, MOST_TOKEN, newToken, TOKEN_LETTERS } from '../../dashboard/surface/token.js';
import type { Host, ListenPlace, WebBounds, WebServer } from '../../host/host.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Milliseconds } from '../../vocabulary/units.js';

/** Fifty people with a browser that has six connections each, and what all of them together may leave untaken. */
export const DASHBOARD_BOUNDS: WebBounds = Object.freeze({
  connections: 320,
  streamBytes: 256 * 1024,
  waitingBytes: 32 * 2 ** 20,
  answerMs: 10_000,
  bodyBytes: MOST_ACT_BYTES,
});

const LOOK_EVERY_MS: Milliseconds = 1000;
const BEAT_EVERY_MS: Milliseconds = 15_000;

/** A board that changes. */
export interface LiveBoard extends Board {
  look(): Change;
  /** How often it is to be looked at; each second when absent. */
  readonly lookEveryMs?: Milliseconds;
  /** Begins what takes long, when it is served already; what it rejects with ends the serving. */
  begin?(): Promise<void>;
  /** What may be asked of its agent, where that is allowed. */
  readonly actions?: Actions | undefined;
}

/** What is served, where, and to whom. */
export interface ServeWishes {
  readonly host: Host;
  readonly board: Board | LiveBoard;
  readonly listen: ListenPlace;
  readonly token: string;
  readonly signal: AbortSignal;
  /** Serves for so long; until it is told to stop when undefined. */
  readonly forMs: Milliseconds | undefined;
  /** Told of what went wrong and does not end it, once for each kind. */
  remark(text: string): void;
}

/** A server that goes on. */
export interface Served {
  readonly place: ListenPlace;
  /** Ends when it was told to stop. */
  readonly ended: Promise<void>;
}

/** The token of a file. Throws FILE_UNREADABLE, TOKEN_UNFIT. */
export function tokenFrom({ files }: Host, path: string): string {
  const [text, status] = [files.readText(path), files.status(path)];
  if (!text.ok) throw new OctavoError('FILE_UNREADABLE', { path, errno: text.error.errno });
  const unfit = (problem: string) => new OctavoError('TOKEN_UNFIT', { path, problem });
  if (status.ok && status.value.kind === 'file' && (status.value.mode & 0o077) !== 0)
    throw unfit('may be read or written by others than its owner: a token in it is none');
  const token = text.value.trim();
  if (token.length < LEAST_TOKEN || token.length > MOST_TOKEN)
    throw unfit(`holds no token: it takes ${LEAST_TOKEN} to ${MOST_TOKEN} letters`);
  if (!TOKEN_LETTERS.test(token)) throw unfit('holds no token: letters, digits and . _ ~ + / = - only');
  return token;
}

/** A token that cannot be guessed. */
export const randomToken = ({ random }: Host): string => newToken(() => random.uint32());

/** Throws DASHBOARD_HOST, DASHBOARD_UNSERVED. */
export async function serveBoard(wishes: ServeWishes): Promise<Served> {
  const { host, board, listen, token, signal, forMs } = wishes;
  const { network } = host;
  if (network === undefined) throw new OctavoError('DASHBOARD_HOST', {});
  let revision = 1;
  const kind = () => board.overview().subject;
  const hello = () => ({ revision, kind: kind().kind, isLive: kind().isLive });
  const hub = new StreamHub(randomToken(host).slice(0, 8), hello);
  const told = new Set<string>();
  const remark = (text: string) => {
    if (told.size < MOST_REMARKS && !told.has(text)) wishes.remark(text);
    told.add(text);
  };
  const surface = new Surface({
    ...{ board, hub, access: new Access(token), files: readPageFiles(network) },
    actions: 'look' in board ? board.actions : undefined,
    revision: () => revision,
    nowMs: () => host.clock.wallMs(),
    failed: (problem) => remark(`octavo: a request could not be answered: ${wordsOf(problem)}`),
  });
  const answered = await network.answer(listen, (request) => surface.answerOrAct(request), DASHBOARD_BOUNDS);
  if (!answered.ok) throw new OctavoError('DASHBOARD_UNSERVED', { ...answered.error });
  const follow = () => {
    if ('look' in board) revision = tell(hub, lookOf(board, remark), revision);
  };
  const live = 'look' in board ? board : undefined;
  const everyMs = live?.lookEveryMs ?? LOOK_EVERY_MS;
  const served = { host, hub, signal, forMs, follow, everyMs, begin: () => live?.begin?.() };
  return { place: answered.value.place, ended: serving(answered.value, served) };
}

/** Different sentences on what goes wrong. */
const MOST_REMARKS = 20;

const wordsOf = (problem: unknown): string =>
  problem instanceof Error ? (problem.stack ?? problem.message) : String(problem);

/** What cannot be read now may be in a second: an agent starts, a file is replaced. */
function lookOf(board: LiveBoard, remark: (text: string) => void): Change | undefined {
  try {
    return board.look();
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    if (problem.code !== 'STOPPED') remark(`octavo: ${problem.message}`);
    return undefined;
  }
}

/** Tells who follows; returns the revision from now on. */
function tell(hub: StreamHub, change: Change | undefined, before: number): number {
  if (change === undefined) return before;
  const { views, decisions, agent } = change;
  const revision = views.length > 0 || agent !== undefined ? before + 1 : before;
  if (agent !== undefined) hub.publish('agent', agent);
  for (const decision of decisions) hub.publish('decision', decision);
  if (views.length > 0) hub.publish('change', { revision, views: [...views] });
  return revision;
}

interface Serving {
  readonly host: Host;
  readonly hub: StreamHub;
  readonly signal: AbortSignal;
  readonly forMs: Milliseconds | undefined;
  readonly everyMs: Milliseconds;
  follow(): void;
  begin(): Promise<void> | undefined;
}

async function serving(server: WebServer, served: Serving): Promise<void> {
  const { host, hub, signal, forMs, follow, everyMs } = served;
  const failed: unknown[] = [];
  void served.begin()?.catch((problem) => failed.push(problem));
  const nowMs = () => host.clock.monotonicNs() / 1e6;
  const endMs = nowMs() + (forMs ?? Number.POSITIVE_INFINITY);
  let beatMs = nowMs();
  try {
    while (!signal.aborted && nowMs() < endMs) {
      await host.clock.sleep(Math.min(everyMs, endMs - nowMs()), signal);
      if (signal.aborted) break;
      if (failed.length > 0) throw failed[0];
      follow();
      if (nowMs() - beatMs < BEAT_EVERY_MS) continue;
      beatMs = nowMs();
      hub.beat();
    }
  } finally {
    hub.end();
    await server.close();
  }
}
