/** Answering requests: what comes through, what is bounded, and what slow and hostile clients get. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answerer, ListenPlace, WebAnswer, WebBounds, WebRequest, WebServer, WebSink } from '../host.js';
import { linuxHost } from '../linux/linux-host.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-web-'));
const servers: WebServer[] = [];
after(async () => {
  await Promise.all(servers.map((server) => server.close()));
  rmSync(directory, { recursive: true });
});

const BOUNDS: WebBounds = {
  connections: 100,
  streamBytes: 64 * 1024,
  waitingBytes: 8 * 2 ** 20,
  answerMs: 60_000,
};
const LOOPBACK: ListenPlace = { kind: 'tcp', address: '127.0.0.1', port: 0 };

const plain = (text: string): WebAnswer => ({
  status: 200,
  headers: { 'Content-Type': 'text/plain' },
  body: new TextEncoder().encode(text),
});

async function serving(
  answerer: Answerer,
  bounds: Partial<WebBounds> = {},
  place = LOOPBACK,
): Promise<WebServer> {
  const served = await linuxHost().network?.answer(place, answerer, { ...BOUNDS, ...bounds });
  assert.ok(served?.ok, JSON.stringify(served));
  servers.push(served.value);
  return served.value;
}

function opened({ place }: WebServer): Socket {
  const socket = place.kind === 'tcp' ? connect(place.port, place.address) : connect(place.path);
  return socket.on('error', () => undefined);
}

async function exchange(server: WebServer, text: string): Promise<string> {
  const socket = opened(server);
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes;
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(text);
  await closed;
  return answer;
}

const get = (target: string, ...headers: string[]) =>
  [`GET ${target} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', ''].join('\r\n');

/** Waits until it is so; what never comes fails the test by its own time limit. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

describe('a request', () => {
  test('comes as it was sent, and its answer goes as it is', async () => {
    const seen: WebRequest[] = [];
    const server = await serving((request) => {
      seen.push(request);
      return plain('hällo');
    });
    const answer = await exchange(server, get('/a/../b?c=%2e', 'X-Some: one', 'X-Some: two'));
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Length: 6\r\n[\s\S]*\r\n\r\nhällo$/);
    assert.deepEqual([seen[0].method, seen[0].target, seen[0].hasBody], ['GET', '/a/../b?c=%2e', false]);
    assert.deepEqual(
      [seen[0].header('x-some'), seen[0].header('host'), seen[0].header('none')],
      ['one, two', 'localhost', undefined],
    );
    const head = await exchange(server, get('/').replace('GET', 'HEAD'));
    assert.match(head, /Content-Length: 6\r\n[\s\S]*\r\n\r\n$/);
  });

  test('with a body is told so, and nothing behind it is taken for another', async () => {
    const seen: boolean[] = [];
    const server = await serving(({ hasBody }) => {
      seen.push(hasBody);
      return plain('no');
    });
    const smuggled = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200\r\n\r\n${get('/hidden')}`;
    const answer = await exchange(server, smuggled);
    assert.match(answer, /Connection: close/);
    assert.deepEqual(seen, [true]);
    await exchange(
      server,
      'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    );
    assert.deepEqual(seen, [true, true]);
  });

  test('whose answer has no content has no length either', async () => {
    const server = await serving(() => ({
      status: 204,
      headers: { 'Set-Cookie': 'a=b' },
      body: new Uint8Array(0),
    }));
    const answer = await exchange(server, get('/'));
    assert.match(answer, /^HTTP\/1\.1 204 No Content\r\n/);
    assert.doesNotMatch(answer, /Content-Length/);
  });
});

describe('a stream', () => {
  test('goes on until the client leaves, who is told of', async () => {
    let sink: WebSink | undefined;
    let left = 0;
    const follow = (given: WebSink) => {
      sink = given;
      given.send('one\n');
      return () => void left++;
    };
    const server = await serving(() => ({
      status: 200,
      headers: { 'Content-Type': 'text/event-stream' },
      body: { follow },
    }));
    const socket = opened(server);
    let told = '';
    socket.on('data', (bytes) => {
      told += bytes;
    });
    socket.write(get('/').replace('Connection: close\r\n', ''));
    await until(() => told.includes('one\n'));
    sink?.send('two\n');
    await until(() => told.includes('two\n'));
    socket.destroy();
    await until(() => left === 1);
    sink?.send('three\n');
    sink?.end();
  });

  test('of a client that does not read is ended, and takes no memory any more', async () => {
    const sinks: WebSink[] = [];
    let left = 0;
    const follow = (given: WebSink) => {
      sinks.push(given);
      return () => void left++;
    };
    const server = await serving(() => ({ status: 200, headers: {}, body: { follow } }));
    const slow = opened(server);
    slow.pause();
    slow.write(get('/'));
    await until(() => sinks.length === 1);
    let sent = 0;
    for (; left === 0 && sent < 10_000; sent++) {
      sinks[0].send('x'.repeat(10_000));
      await sleep(0);
      assert.ok(server.waitingBytes < 2 ** 20, `${server.waitingBytes} bytes wait`);
    }
    assert.equal(left, 1, 'it was hung up on');
    assert.ok(sent < 10_000);
    await until(() => server.waitingBytes === 0);
    slow.destroy();
  });
});

describe('many clients', () => {
  test('fifty that follow, and one that reads slowly: what waits is bounded, and the fifty get all of it', async () => {
    const sinks = new Set<WebSink>();
    const follow = (given: WebSink) => {
      sinks.add(given);
      return () => void sinks.delete(given);
    };
    const server = await serving(() => ({ status: 200, headers: {}, body: { follow } }));
    const clients = Array.from({ length: 50 }, () => {
      const socket = opened(server);
      const client = { socket, bytes: 0 };
      socket.on('data', (bytes) => {
        client.bytes += bytes.length;
      });
      socket.write(get('/'));
      return client;
    });
    const slow = opened(server);
    slow.pause();
    slow.write(get('/'));
    await until(() => sinks.size === 51);
    const [EVENTS, SIZE] = [1500, 8000];
    let most = 0;
    for (let event = 0; event < EVENTS; event++) {
      for (const sink of sinks) sink.send('y'.repeat(SIZE));
      if (event % 4 === 0) await sleep(1);
      most = Math.max(most, server.waitingBytes);
      // Readers of a busy machine are given their time.
      while (server.waitingBytes > 2 ** 20) await sleep(1);
    }
    await until(() => clients.every(({ bytes }) => bytes > EVENTS * SIZE));
    assert.equal(sinks.size, 50, 'the slow one was hung up on');
    assert.ok(most < 51 * BOUNDS.streamBytes + 2 ** 20, `${most} bytes waited`);
    for (const { socket } of [...clients, { socket: slow }]) socket.destroy();
  });

  test('that leave answers untaken get no more memory, and are hung up on', async () => {
    const server = await serving(() => plain('z'.repeat(4 << 20)), {
      waitingBytes: 6 * 2 ** 20,
      answerMs: 700,
    });
    const slow = Array.from({ length: 4 }, () => {
      const socket = opened(server);
      socket.pause();
      socket.write(get('/'));
      return socket;
    });
    await until(() => server.waitingBytes > 6 * 2 ** 20);
    assert.match(await exchange(server, get('/')), /^HTTP\/1\.1 503 /);
    await until(() => server.waitingBytes === 0);
    assert.match((await exchange(server, get('/'))).slice(0, 20), /^HTTP\/1\.1 200 /);
    for (const socket of slow) socket.destroy();
  });

  test('that ask for much without reading get one answer at a time; too many ahead are hung up on', async () => {
    let made = 0;
    const server = await serving(() => {
      made++;
      return plain('z'.repeat(4 << 20));
    });
    const slow = opened(server);
    slow.pause();
    const ahead = get('/').replace('Connection: close\r\n', '');
    slow.write(ahead.repeat(20));
    await until(() => server.waitingBytes > 0);
    await sleep(100);
    assert.equal(made, 1);
    slow.destroy();
    const greedy = opened(server);
    const closed = new Promise<void>((resolve) => greedy.once('close', () => resolve()));
    greedy.resume();
    greedy.write(ahead.repeat(40));
    await closed;
    assert.ok(made <= 3, `${made} were made`);
    assert.match((await exchange(server, get('/'))).slice(0, 20), /^HTTP\/1\.1 200 /);
  });

  test('more than the bound are not served', async () => {
    const server = await serving(() => plain('short'), { connections: 2 });
    const busy = [opened(server), opened(server)];
    await Promise.all(busy.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    for (const socket of busy) socket.write('GET');
    await sleep(50);
    assert.equal(await exchange(server, get('/')), '');
    for (const socket of busy) socket.destroy();
  });
});

test('a socket is its owner’s, and goes with the server; a place that is taken is refused', async () => {
  const path = join(directory, 'a.sock');
  const place: ListenPlace = { kind: 'unix', path, mode: 0o600 };
  const server = await serving(() => plain('here'), {}, place);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.match(await exchange(server, get('/')), /here$/);
  const again = await linuxHost().network?.answer(place, () => plain(''), BOUNDS);
  assert.deepEqual(again, { ok: false, error: { errno: 'EADDRINUSE', call: `listen unix:${path}` } });
  await server.close();
  assert.ok(!existsSync(path));
});

test('files of the page have only their names', () => {
  const { network } = linuxHost();
  const found = network?.pageFile('no-such-file.js');
  assert.ok(found && !found.ok && found.error.errno === 'ENOENT');
});
