/**
 * Answers requests with pages that are there. What a request says chooses one of them by its exact path and by the media
 * types it accepts, and reaches nothing else. Clients, bytes of headers and times are bounded.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Bytes, Milliseconds } from '../../vocabulary/units.js';
import type { ListenPlace, Page } from '../host.js';

/** Bounds on clients and their requests. */
export interface ServerBounds {
  /** Connections at a time: a few scrapers. */
  readonly clients: number;
  readonly headerBytes: Bytes;
  /** For a request to come, for its answer to be taken, and between two of a client. */
  readonly requestMs: Milliseconds;
  readonly answerMs: Milliseconds;
  readonly idleMs: Milliseconds;
}

/** The bounds of a live server. */
export const SERVER_BOUNDS: ServerBounds = Object.freeze({
  clients: 32,
  headerBytes: 8192,
  requestMs: 5000,
  answerMs: 10_000,
  idleMs: 5000,
});

/** How often requests that come too slowly are looked for, within their time. */
const CHECKS = 5;
const REQUESTS_OF_A_CLIENT = 1000;

interface Kept {
  readonly page: Page;
  readonly body: Buffer;
  readonly sinceMs: number;
}

/** The pages that are served now. Setting them replaces all at once. */
export class Pages {
  #kept: readonly Kept[] = [];

  set(pages: readonly Page[]): void {
    this.#kept = pages.map((page) => ({ page, body: Buffer.from(page.body), sinceMs: performance.now() }));
  }

  /** The page for a path; `stale` when it was not published for too long, undefined when there is none. */
  find(path: string, accept: string): Kept | 'stale' | undefined {
    const found = this.#kept.find(({ page }) => page.path === path && isAccepted(page, accept));
    if (found === undefined) return undefined;
    const { freshMs = Number.POSITIVE_INFINITY } = found.page;
    return performance.now() - found.sinceMs > freshMs ? 'stale' : found;
  }
}

function isAccepted({ accepts }: Page, accept: string): boolean {
  return accepts === undefined || accept.toLowerCase().includes(accepts);
}

/**
 * Returns a server over the pages, not yet listening. Answers 404, 405, 406 and 503 where there is no page to
 * give.
 */
export function pageServer(pages: Pages, place: ListenPlace, bounds = SERVER_BOUNDS): Server {
  const options = {
    maxHeaderSize: bounds.headerBytes,
    headersTimeout: bounds.requestMs,
    requestTimeout: bounds.requestMs,
    keepAliveTimeout: bounds.idleMs,
    connectionsCheckingInterval: bounds.requestMs / CHECKS,
  };
  const server = createServer(options, (request, response) => {
    boundTime(request, response, bounds.answerMs);
    answer(pages, place, request, response);
  });
  server.maxConnections = bounds.clients;
  server.maxRequestsPerSocket = REQUESTS_OF_A_CLIENT;
  return server;
}

/** A client that takes its answer too slowly is hung up on. */
function boundTime(request: IncomingMessage, response: ServerResponse, ms: Milliseconds): void {
  const timer = setTimeout(() => request.socket.destroy(), ms);
  response.once('close', () => clearTimeout(timer));
}

function answer(pages: Pages, place: ListenPlace, request: IncomingMessage, response: ServerResponse): void {
  const refusal = refusalOf(request, place);
  const [path] = (request.url ?? '').split('?', 1);
  const found = refusal === undefined ? pages.find(path, request.headers.accept ?? '') : undefined;
  if (refusal !== undefined) refuse(response, ...refusal);
  else if (found === undefined) refuse(response, 404, 'no such page');
  else if (found === 'stale') refuse(response, 503, 'the last of it is too old');
  else send(response, 200, found.page.type, found.body);
}

type Refusal = readonly [status: number, why: string];

function refusalOf({ method = '', headers }: IncomingMessage, place: ListenPlace): Refusal | undefined {
  if (method !== 'GET' && method !== 'HEAD') return [405, 'GET and HEAD only'];
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
  if (hasBody) return [413, 'no body is taken'];
  // A page elsewhere whose name was made to point here is not answered (DNS rebinding).
  if (place.kind === 'tcp' && !isLoopback(headers.host ?? '')) return [421, 'not served under this name'];
  return undefined;
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host);
}

function refuse(response: ServerResponse, status: number, why: string): void {
  if (status === 405) response.setHeader('Allow', 'GET, HEAD');
  response.setHeader('Connection', 'close');
  send(response, status, 'text/plain; charset=utf-8', Buffer.from(`${why}\n`));
}

function send(response: ServerResponse, status: number, type: string, body: Buffer): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
  });
  response.end(body);
}
