/** Requests of somebody who wants a server to crash, to leak, or to give out a file; and what such a server may answer. */
import type { Socket } from 'node:net';
import { SeededRandom } from '../../src/base/seeded-random.js';

const PATHS = [
  ...([
    '/',
    '/app.js',
    '/app.css',
    '/api/session',
    '/api/overview',
    '/api/series',
    '/api/orders',
    '/api/map',
  ] as const),
  ...([
    '/api/map/tile',
    '/api/map/cell',
    '/api/events',
    '/api/pingpong',
    '/api/explain',
    '/api/compare',
  ] as const),
  ...(['/api/story', '/api/none', '/favicon.ico', '/api', '//', '*', ''] as const),
  ...([
    '/../../../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/app.js/../../secret',
    '/secret',
    'file:///etc/passwd',
  ] as const),
  ...([
    '/__proto__',
    '/constructor',
    '/api/map/tile/..%00',
    'http://evil.example/',
    '/\\..\\secret',
  ] as const),
];
const METHODS = [
  'GET',
  'GET',
  'GET',
  'GET',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'GET\0',
  'get',
];
const NAMES = [
  'layout',
  'segment',
  'level',
  'zoom',
  'row',
  'column',
  'page',
  'target',
  'kind',
  'limit',
  'from',
  'points',
  'before',
  '__proto__',
  'x',
];
const VALUES = [
  '0',
  '0',
  '1',
  '1',
  '9',
  '255',
  '-1',
  '1e99',
  '4294967296',
  '9007199254740992',
  'NaN',
  '',
  't0',
  'split',
  '../secret',
  '%00',
  '%ff',
  'x'.repeat(300),
  '[object Object]',
];
const HOSTS = [
  'localhost',
  'localhost',
  'localhost',
  '127.0.0.1:1',
  'evil.example',
  '',
  '[::1]',
  'localhost\tx',
  '10.0.0.1',
];
const HEADERS = [
  ...([
    'Origin: http://localhost',
    'Origin: http://evil.example',
    'Origin: null',
    'Sec-Fetch-Site: cross-site',
  ] as const),
  ...([
    'Sec-Fetch-Site: same-origin',
    'Accept-Encoding: br',
    'Accept-Encoding: gzip;q=0',
    'Content-Length: 5',
    'Content-Length: -1',
  ] as const),
  ...([
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: x',
    'Expect: 100-continue',
    'Upgrade: websocket',
    'Range: bytes=0-1',
  ] as const),
  ...([
    'Cookie: octavo_00000000=1.x',
    'Last-Event-ID: x-1',
    'Authorization: Bearer x',
    'X: \u00ff',
    ': no name',
    'no colon',
  ] as const),
];

const BODIES = [
  '{"act":"pause","target":"t0"}',
  '{"act":"undo","run":"20260101T120000000Z-1a2b"}',
  '{"act":"undo","run":"../../etc/passwd"}',
  '{"act":"split","layout":1,"segment":0,"page":0}',
  '{"act":"split","layout":1e308,"segment":-0,"page":9007199254740993}',
  '{"id":"0123456789abcdef"}',
  '{"id":"__proto__"}',
  '{"__proto__":{"act":"pause"}}',
  '[[[[[[[[',
  '',
  '\u0000',
  `"${'x'.repeat(5000)}"`,
  `${'['.repeat(2000)}${']'.repeat(2000)}`,
];

/** All that a client may be told; 400 and 431 also come from the parser of HTTP. */
export const STATUSES: ReadonlySet<number> = new Set([
  100, 200, 204, 400, 401, 403, 404, 405, 408, 409, 413, 415, 417, 421, 429, 431, 503,
]);

export class HostileRequests {
  readonly #random: SeededRandom;
  readonly #token: string;

  constructor(seed: number, token: string) {
    this.#random = new SeededRandom(seed);
    this.#token = token;
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)];
  }

  #often(share: number): boolean {
    return this.#random.below(1000) < share * 1000;
  }

  /** Whether the client should leave before it was answered. */
  get leavesEarly(): boolean {
    return this.#often(0.02);
  }

  next(): string {
    const text = this.#often(0.1) ? this.#act() : this.#plain();
    return this.#often(0.05) ? this.#damaged(text) : text;
  }

  /** Nearly what a page sends that asks for something to be done: each part is there mostly, and right mostly. */
  #act(): string {
    const body = this.#one(BODIES);
    const lines = [
      `POST ${this.#one(['/api/act/preview', '/api/act/confirm', '/api/act/preview?a=1', '/api/act'])} HTTP/1.1`,
      'Host: localhost',
      ...(this.#often(0.9) ? [`Authorization: Bearer ${this.#token}`] : []),
      ...(this.#often(0.9) ? [`Origin: http://${this.#often(0.9) ? 'localhost' : this.#one(HOSTS)}`] : []),
      ...(this.#often(0.9) ? ['Sec-Fetch-Site: same-origin'] : [this.#one(HEADERS)]),
      ...(this.#often(0.9) ? ['Content-Type: application/json'] : []),
      `Content-Length: ${this.#often(0.9) ? Buffer.byteLength(body) : this.#one(VALUES)}`,
    ];
    return `${lines.join('\r\n')}\r\n\r\n${body}`;
  }

  #plain(): string {
    const lines = [
      `${this.#one(METHODS)} ${this.#one(PATHS)}${this.#query()} HTTP/1.${this.#often(0.97) ? 1 : 0}`,
      ...(this.#often(0.97) ? [`Host: ${this.#often(0.7) ? 'localhost' : this.#one(HOSTS)}`] : []),
      ...(this.#often(0.7) ? [`Authorization: Bearer ${this.#token}`] : []),
      ...Array.from({ length: this.#random.below(3) }, () =>
        this.#often(0.5) ? this.#one(HEADERS) : 'X-Other: y',
      ),
      ...(this.#often(0.01) ? [`X-Long: ${'y'.repeat(20_000)}`] : []),
    ];
    return `${lines.join(this.#often(0.99) ? '\r\n' : '\n')}\r\n\r\n`;
  }

  #query(): string {
    if (this.#often(0.3)) return '';
    if (this.#often(0.02)) return `?${'q'.repeat(5000)}`;
    const pairs = Array.from(
      { length: this.#random.below(8) },
      () => `${this.#one(NAMES)}=${this.#one(VALUES)}`,
    );
    return `?${pairs.join('&')}`;
  }

  /** Some letters changed, cut out, or doubled. */
  #damaged(text: string): string {
    const at = this.#random.below(text.length);
    const kind = this.#random.below(3);
    if (kind === 0)
      return `${text.slice(0, at)}${String.fromCharCode(this.#random.below(256))}${text.slice(at + 1)}`;
    return kind === 1 ? text.slice(0, at) : text.slice(0, at) + text.slice(Math.floor(at / 2));
  }
}

/** What came back of some requests: statuses by how often, and what must not have come. */
export interface Answers {
  readonly sent: number;
  readonly statuses: ReadonlyMap<number, number>;
  readonly strange: readonly string[];
}

/** A client that keeps its connection while it can; `secrets` must be in no answer. */
export async function attack(
  open: () => Socket,
  requests: HostileRequests,
  count: number,
  secrets: readonly string[],
): Promise<Answers> {
  const statuses = new Map<number, number>();
  const strange: string[] = [];
  const read = (text: string) => {
    for (const [, code] of text.matchAll(/(?:^|\n)HTTP\/1\.1 (\d{3}) /g)) {
      statuses.set(Number(code), (statuses.get(Number(code)) ?? 0) + 1);
      if (!STATUSES.has(Number(code))) strange.push(`status ${code}`);
    }
    for (const secret of secrets) if (text.includes(secret)) strange.push(`the answer holds ${secret}`);
  };
  for (let sent = 0; sent < count; ) {
    const some = Math.min(count - sent, 1 + (sent % 4));
    const texts = Array.from({ length: some }, () => requests.next());
    read(await exchange(open(), texts, requests.leavesEarly));
    sent += some;
  }
  return { sent: count, statuses, strange };
}

/** Sends requests one behind the other and returns all that comes until the server hangs up, or is done. */
function exchange(socket: Socket, texts: readonly string[], leavesEarly: boolean): Promise<string> {
  let answer = '';
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), 500);
    socket.on('data', (bytes) => {
      answer += bytes.toString('latin1');
    });
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.write(Buffer.from(texts.join(''), 'latin1'));
    if (leavesEarly) socket.destroy();
    else socket.end();
  });
}
