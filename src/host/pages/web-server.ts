/**
 * Serves requests in the thread of the caller, within bounds: connections, bytes of headers, time to ask and to take an
 * answer, bytes that wait for slow readers. What a request may have is decided by the answerer; only the body of a POST is
 * read, where there is a bound for it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { failure, success } from '../../base/result.js';
import { isErrnoName } from '../../vocabulary/errno.js';
import type { Bytes } from '../../vocabulary/units.js';
import type {
  Answer,
  Answerer,
  ListenPlace,
  WebAnswer,
  WebBounds,
  WebRequest,
  WebServer,
  WebStream,
} from '../host.js';
import { listen } from './listen.js';
import { showPlace } from './page-server.js';
import { SERVER_BOUNDS } from './respond.js';

/** How often requests that come too slowly are looked for, within their time. */
const CHECKS = 5;
const REQUESTS_OF_A_CLIENT = 10_000;
/** Requests that a client sends without waiting for answers: browsers send none. */
const MOST_AHEAD = 32;

/** Listens, and answers each request by `answerer`. EADDRINUSE, EEXIST, EACCES … where it cannot. */
export async function answerRequests(
  place: ListenPlace,
  answerer: Answerer,
  bounds: WebBounds,
): Promise<Answer<WebServer>> {
  const server = new AnsweringServer(answerer, bounds);
  try {
    await server.listen(place);
    return success(server);
  } catch (problem) {
    const { code = 'EIO' } = problem as NodeJS.ErrnoException;
    return failure({ errno: isErrnoName(code) ? code : 'EIO', call: `listen ${showPlace(place)}` });
  }
}

class AnsweringServer implements WebServer {
  readonly #server: Server;
  readonly #answerer: Answerer;
  readonly #bounds: WebBounds;
  readonly #sockets = new Set<Socket>();
  /** When the last request of a client will have been answered, and how many are not. */
  readonly #queues = new WeakMap<Socket, { last: Promise<void>; ahead: number }>();
  #place: ListenPlace | undefined;

  constructor(answerer: Answerer, bounds: WebBounds) {
    this.#answerer = answerer;
    this.#bounds = bounds;
    const { headerBytes, requestMs, idleMs } = SERVER_BOUNDS;
    const options = {
      maxHeaderSize: headerBytes,
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: requestMs / CHECKS,
    };
    this.#server = createServer(options, (request, response) => void this.#answer(request, response));
    this.#server.maxConnections = bounds.connections;
    this.#server.maxRequestsPerSocket = REQUESTS_OF_A_CLIENT;
    this.#server.on('connection', (socket) => this.#watch(socket));
  }

  async listen(place: ListenPlace): Promise<void> {
    this.#place = await listen(this.#server, place);
  }

  get place(): ListenPlace {
    // The caller gets the server after it listens.
    return this.#place as ListenPlace;
  }

  get waitingBytes(): Bytes {
    let bytes = 0;
    for (const { writableLength } of this.#sockets) bytes += writableLength;
    return bytes;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => request.socket.destroy());
    await this.#turnOf(request.socket, response);
    if (request.socket.destroyed) return;
    if (this.waitingBytes > this.#bounds.waitingBytes) return busy(response);
    const body = await bodyOf(request, this.#bounds.bodyBytes ?? 0);
    if (request.socket.destroyed) return;
    const answer = await this.#answerer(requestOf(request, body));
    if (request.socket.destroyed) return;
    if (answer.body instanceof Uint8Array) this.#send(request, response, answer, answer.body);
    else this.#follow(response, answer, answer.body);
  }

  /** One answer of a client at a time is made: the next when it has taken the one before. */
  #turnOf(socket: Socket, response: ServerResponse): Promise<void> {
    const queue = this.#queues.get(socket) ?? { last: Promise.resolve(), ahead: 0 };
    this.#queues.set(socket, queue);
    if (++queue.ahead > MOST_AHEAD) socket.destroy();
    const before = queue.last;
    queue.last = new Promise((resolve) => {
      response.once('close', () => {
        queue.ahead--;
        resolve();
      });
    });
    return before;
  }

  /** A client that takes its answer too slowly is hung up on. */
  #send(request: IncomingMessage, response: ServerResponse, answer: WebAnswer, body: Uint8Array): void {
    const timer = setTimeout(() => request.socket.destroy(), this.#bounds.answerMs);
    response.once('close', () => clearTimeout(timer));
    // What a client sends behind a refused request is not read.
    const more = request.complete && !isUnread(request) ? {} : { Connection: 'close' };
    const length = hasNoBody(answer.status) ? {} : { 'Content-Length': body.length };
    response.writeHead(answer.status, { ...answer.headers, ...length, ...more });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  #follow(response: ServerResponse, { status, headers }: WebAnswer, stream: WebStream): void {
    const { socket } = response;
    socket?.setNoDelay(true);
    response.writeHead(status, headers);
    response.flushHeaders();
    const { streamBytes } = this.#bounds;
    let isOpen = true;
    const leave = stream.follow({
      send: (text) => {
        if (!isOpen) return;
        response.write(text);
        if (response.writableLength > streamBytes) socket?.destroy();
      },
      end: () => void response.end(),
    });
    response.once('close', () => {
      isOpen = false;
      leave();
    });
  }
}

const hasNoBody = (status: number): boolean => status === 204 || status === 304;

function requestOf(request: IncomingMessage, body: string | undefined): WebRequest {
  const { method = '', url = '', headers } = request;
  return {
    ...{ method, target: url, hasBody: hasBody(request) },
    ...(body === undefined ? {} : { body }),
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
  };
}

/** What a client sends behind what was read, or without having been read. */
const isUnread = (request: IncomingMessage): boolean => hasBody(request) && !request.readableEnded;

/** Undefined where it is not to be read, or breaks off; a client that sends it too slowly is hung up on by the server. */
async function bodyOf(request: IncomingMessage, most: Bytes): Promise<string | undefined> {
  const { method, headers } = request;
  const length = Number(headers['content-length'] ?? 0);
  if (most === 0 || method !== 'POST' || headers['transfer-encoding'] !== undefined || !(length <= most))
    return undefined;
  const pieces: Buffer[] = [];
  try {
    for await (const piece of request) pieces.push(piece as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(pieces).toString('utf8');
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

/** Others are slow to take what they asked for: there is no memory for more. */
function busy(response: ServerResponse): void {
  response.writeHead(503, { 'Retry-After': '1', 'Content-Length': 0, Connection: 'close' });
  response.end();
}
