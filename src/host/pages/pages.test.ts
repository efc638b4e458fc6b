/** Serving pages: what is answered, to whom, and what hostile or slow clients get. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Answer, ListenPlace, Page, PageServer } from '../host.js';
import { linuxHost } from '../linux/linux-host.js';
import { Pages, pageServer, SERVER_BOUNDS } from './respond.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-pages-'));
const { network } = linuxHost();
const servers: PageServer[] = [];
after(async () => {
  await Promise.all(servers.map((server) => server.close()));
  rmSync(directory, { recursive: true });
});

const PAGES: readonly Page[] = [
  { path: '/metrics', type: 'open', body: 'open text\n', accepts: 'application/openmetrics-text' },
  { path: '/metrics', type: 'plain', body: 'plain text\n' },
  { path: '/-/healthy', type: 'text/plain', body: 'ok\n' },
];

const LOOPBACK: ListenPlace = { kind: 'tcp', address: '127.0.0.1', port: 0 };

async function serve(place: ListenPlace = LOOPBACK): Promise<Answer<PageServer>> {
  const served = await network?.serve(place);
  assert.ok(served);
  if (served.ok) servers.push(served.value);
  return served;
}

async function serving(place: ListenPlace = LOOPBACK, pages = PAGES): Promise<PageServer> {
  const served = await serve(place);
  assert.ok(served.ok, JSON.stringify(served));
  served.value.publish(pages);
  return served.value;
}

function opened({ place }: PageServer): Socket {
  return place.kind === 'tcp' ? connect(place.port, place.address) : connect(place.path);
}

/** Sends text as it is and returns all that comes until the other end hangs up. */
async function exchange(socket: Socket, text: string): Promise<string> {
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes;
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(text);
  await closed;
  return answer;
}

const request = (line: string, ...headers: string[]) =>
  [line, 'Connection: close', ...headers, '', ''].join('\r\n');
const status = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

describe('answers', async () => {
  const server = await serving();
  const ask = (line: string, ...headers: string[]) => exchange(opened(server), request(line, ...headers));
  const HOST = 'Host: localhost:9650';

  test('are the pages, by path and by the types that are accepted', async () => {
    const plain = await ask('GET /metrics HTTP/1.1', HOST);
    assert.match(plain, /^HTTP\/1\.1 200 /);
    assert.match(plain, /\r\nContent-Type: plain\r\n/);
    assert.match(plain, /\r\nContent-Length: 11\r\n/);
    assert.ok(plain.endsWith('\r\n\r\nplain text\n'));
    const open = await ask(
      'GET /metrics?x=1 HTTP/1.1',
      HOST,
      'Accept: Application/OpenMetrics-Text;version=1.0.0;q=0.5,text/plain;q=0.2',
    );
    assert.ok(open.endsWith('open text\n'));
    assert.match(open, /Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n/);
    assert.ok((await ask('GET /-/healthy HTTP/1.1', HOST)).endsWith('ok\n'));
  });

  test('have no body for HEAD', async () => {
    const head = await ask('HEAD /metrics HTTP/1.1', HOST);
    assert.match(head, /^HTTP\/1\.1 200 [\s\S]*Content-Length: 11\r\n[\s\S]*\r\n\r\n$/);
  });

  test('refuse what is none of their business', async () => {
    const long = `X: ${'x'.repeat(9000)}`;
    const cases: readonly (readonly [number, string, ...string[]])[] = [
      [404, 'GET / HTTP/1.1', HOST],
      [404, 'GET /metrics/ HTTP/1.1', HOST],
      [404, 'GET /../etc/passwd HTTP/1.1', HOST],
      [404, 'GET http://localhost/metrics HTTP/1.1', HOST],
      [405, 'POST /metrics HTTP/1.1', HOST, 'Content-Length: 0'],
      [405, 'DELETE /metrics HTTP/1.1', HOST],
      [405, 'OPTIONS * HTTP/1.1', HOST],
      [413, 'GET /metrics HTTP/1.1', HOST, 'Content-Length: 5'],
      [413, 'GET /metrics HTTP/1.1', HOST, 'Transfer-Encoding: chunked'],
      [400, 'GET /metrics HTTP/1.1'],
      [400, 'GET'],
      [431, 'GET /metrics HTTP/1.1', HOST, long],
    ];
    for (const [code, line, ...headers] of cases)
      assert.equal(status(await ask(line, ...headers)), code, `${line} ${headers.join(' ').slice(0, 60)}`);
    assert.match(await ask('PUT /metrics HTTP/1.1', HOST), /\r\nAllow: GET, HEAD\r\n/);
  });

  test('know the names of the loopback interface and no other', async () => {
    const names = {
      localhost: 200,
      'LOCALHOST:1': 200,
      '127.0.0.1:80': 200,
      '127.9.9.9': 200,
      '[::1]:9': 200,
    };
    const others = { 'evil.example': 421, 'localhost.evil.example': 421, '127.0.0.1.evil.example': 421 };
    for (const [name, code] of Object.entries({ ...names, ...others, '10.0.0.1': 421, '127.0.0.1x': 421 }))
      assert.equal(status(await ask('GET /metrics HTTP/1.1', `Host: ${name}`)), code, name);
  });

  test('are of what was published last; one that is too old is not given out', async () => {
    const other = await serving(LOOPBACK, [{ path: '/metrics', type: 'a', body: 'old', freshMs: 150 }]);
    const get = () => exchange(opened(other), request('GET /metrics HTTP/1.1', HOST));
    assert.ok((await get()).endsWith('old'));
    await sleep(200);
    assert.equal(status(await get()), 503);
    other.publish([{ path: '/metrics', type: 'a', body: 'new', freshMs: 60_000 }]);
    assert.ok((await get()).endsWith('new'));
    other.publish([]);
    assert.equal(status(await get()), 404);
  });
});

describe('clients', () => {
  const bounds = { ...SERVER_BOUNDS, clients: 4, requestMs: 500, answerMs: 500, idleMs: 300 };
  const listening = async (body: string) => {
    const pages = new Pages();
    pages.set([{ path: '/metrics', type: 'a', body }]);
    const server = pageServer(pages, LOOPBACK, bounds);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { server, open: () => connect(port, '127.0.0.1') };
  };
  const GET = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n';
  const closedAfter = async (socket: Socket, text: string) => {
    const began = performance.now();
    await exchange(socket, text);
    return performance.now() - began;
  };

  test('that say nothing, half of it, or take their time are hung up on', async () => {
    const { server, open } = await listening('x'.repeat(50 << 20));
    const reader = open();
    reader.on('error', () => undefined);
    reader.write(`${GET}\r\n`);
    reader.pause();
    const taken = new Promise<void>((resolve) => reader.once('close', () => resolve()));
    const times = await Promise.all([closedAfter(open(), ''), closedAfter(open(), GET)]);
    for (const ms of times) assert.ok(ms >= 250 && ms < 5000, `${ms}`);
    await sleep(600);
    reader.resume();
    await taken;
    assert.ok(reader.bytesRead < 50 << 20, `${reader.bytesRead} bytes taken`);
    server.close();
  });

  test('that are done are not kept, and more than the bound are not served', async () => {
    const { server, open } = await listening('short');
    const kept = await closedAfter(open(), `${GET}\r\n`);
    assert.ok(kept >= 250 && kept < 4000, `${kept}`);
    const busy = Array.from({ length: 4 }, () => open().on('error', () => undefined));
    for (const socket of busy) socket.write(GET);
    await sleep(50);
    assert.equal(await exchange(open(), `${GET}\r\n`), '');
    for (const socket of busy) socket.destroy();
    await sleep(50);
    assert.match(await exchange(open(), `${GET}Connection: close\r\n\r\n`), /short$/);
    server.close();
  });
});

describe('places', () => {
  const at = (name: string): ListenPlace => ({ kind: 'unix', path: join(directory, name), mode: 0o640 });

  test('a Unix socket with its permission bits, whatever the Host is called; gone when closed', async () => {
    const server = await serving(at('a.sock'));
    const path = join(directory, 'a.sock');
    assert.equal(statSync(path).mode & 0o777, 0o640);
    const answer = await exchange(opened(server), request('GET /metrics HTTP/1.1', 'Host: whatever'));
    assert.ok(answer.endsWith('plain text\n'));
    await server.close();
    assert.equal(await server.ended, undefined);
    assert.ok(!existsSync(path));
  });

  test('what a dead process left is taken over; what is served, or no socket, is not', async () => {
    const path = join(directory, 'b.sock');
    const leave = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', leave]);
    assert.ok(existsSync(path));
    await serving(at('b.sock'));
    const again = await serve(at('b.sock'));
    assert.deepEqual(again, {
      ok: false,
      error: { errno: 'EADDRINUSE', call: `listen unix:${path}` },
    });
    writeFileSync(join(directory, 'file'), 'mine');
    const file = await serve(at('file'));
    assert.equal(file.ok ? '' : file.error.errno, 'EEXIST');
    const nowhere = await serve(at('no/such/place'));
    assert.ok(!nowhere.ok);
  });

  test('a port that another has', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const taken = await serve({ kind: 'tcp', address: '127.0.0.1', port });
    assert.deepEqual(taken, { ok: false, error: { errno: 'EADDRINUSE', call: `listen 127.0.0.1:${port}` } });
    other.close();
  });
});

test('a scrape of 200 targets takes 20 ms at most while the one who publishes is busy', async () => {
  const text = Array.from(
    { length: 200 * 27 },
    (_, index) => `octavo_target_some_bytes{target="some.service-${index}"} ${index}\n`,
  ).join('');
  const server = await serving(LOOPBACK, [{ path: '/metrics', type: 'a', body: text }]);
  assert.ok(server.place.kind === 'tcp');
  const client = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads');
     (async () => {
       const times = [];
       for (let n = 0; n < 40; n++) {
         const began = performance.now();
         const text = await (await fetch('http://127.0.0.1:' + workerData + '/metrics')).text();
         if (n >= 10) times.push(performance.now() - began);
         if (text.length < 100_000) throw new Error('too short');
       }
       parentPort.postMessage(times.sort((a, b) => a - b));
     })();`,
    { eval: true, workerData: server.place.port },
  );
  let times: number[] | undefined;
  client.once('message', (found: number[]) => {
    times = found;
  });
  while (times === undefined) {
    const until = performance.now() + 100;
    while (performance.now() < until);
    await sleep(0);
  }
  assert.ok(times[15] <= 20, `median ${times[15]} ms, worst ${times.at(-1)} ms`);
});
