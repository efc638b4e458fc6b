/** `octavo dashboard` as its users have it: a process, an address with a token, many clients, hostile ones among them. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MapSchema } from '../../src/dashboard/wire/map.js';
import { decodeTile, UNKNOWN_HEAT } from '../../src/dashboard/wire/tile.js';
import { EXIT } from '../../src/vocabulary/errors.js';
import { attack, HostileRequests } from '../fuzz/hostile-requests.js';
import {
  type Dashboard,
  dashboard,
  descriptors,
  listening,
  residentBytes,
  someHeat,
} from '../support/serving-dashboard.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-dashboard-'));
const at = (name: string) => join(directory, name);
const running: Dashboard[] = [];
after(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

async function serving(...words: string[]): Promise<Dashboard> {
  const served = await dashboard(...words);
  running.push(served);
  return served;
}

before(() => someHeat(at('heat.parquet')));

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}

describe('a heat file', () => {
  test('is served with its map, to who has the token, until it is stopped', async () => {
    const { get, port, stop } = await serving(at('heat.parquet'));
    const map = MapSchema.parse(await (await get('/api/map')).json());
    assert.deepEqual([map.segments[0].command, map.leastLevel, map.hasHeat], ['db', 0, true]);
    assert.ok(map.cells > 1000);
    const reply = await get(`/api/map/tile?layout=${map.layout}&segment=0&level=0&zoom=0&row=0&column=0`);
    const tile = decodeTile(new Uint8Array(await reply.arrayBuffer()));
    assert.ok(tile?.heat.some((code) => code > 1));
    assert.equal(tile?.heat[255], UNKNOWN_HEAT, 'there are five slices');
    const bare = await fetch(`http://127.0.0.1:${port}/api/map`);
    assert.equal(bare.status, 401);
    const page = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /^<!doctype html>/i);
    assert.equal(await stop(), 130);
  });

  test('is served before it was read; one that is damaged ends the program with what is wrong', async () => {
    const served = await listening(at('heat.parquet'));
    running.push(served);
    const overview = (await (await served.get('/api/overview')).json()) as { subject: { state: string } };
    assert.match(overview.subject.state, /^(reading|still)$/);
    await served.stop();
    const bytes = readFileSync(at('heat.parquet'));
    // The first rows are damaged, and the footer is not.
    bytes.fill(0xff, 64, 4096);
    writeFileSync(at('damaged.parquet'), bytes);
    const damaged = await listening(at('damaged.parquet'));
    assert.equal(await damaged.ended, EXIT.badInput);
  });

  test('at a socket, which goes with the program', async () => {
    const { stop, child } = await startedAtSocket(at('d.sock'));
    assert.ok(existsSync(at('d.sock')));
    await stop();
    assert.ok(!existsSync(at('d.sock')), `${child.exitCode}`);
  });
});

/** It is not asked for anything: fetch knows no sockets. */
async function startedAtSocket(path: string) {
  const { spawn } = await import('node:child_process');
  const { MAIN } = await import('./octavo.js');
  const child = spawn(process.execPath, [MAIN, 'dashboard', at('heat.parquet'), '--listen', `unix:${path}`], {
    stdio: 'ignore',
  });
  await until(() => existsSync(path));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return { child, stop };
}

test('an agent that comes, goes and comes again is followed over one connection', async () => {
  const runtime = at('run');
  const tell = async (text: string, pid = process.pid) => {
    const { mkdirSync, renameSync, readFileSync } = await import('node:fs');
    mkdirSync(runtime, { recursive: true });
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const startTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    writeFileSync(join(runtime, 'new'), JSON.stringify(statusOf({ pid, startTicks, bootId }, text)));
    renameSync(join(runtime, 'new'), join(runtime, 'status.json'));
  };
  const { open, token, get } = await serving('--runtime', runtime, '--state', at('state'));
  const socket = open();
  let told = '';
  socket.on('data', (bytes) => {
    told += bytes;
  });
  socket.write(`GET /events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await until(() => told.includes('event: hello'));
  await tell('first turn');
  await until(() => told.includes('first turn'));
  assert.match(told, /event: agent\ndata: \{"state":"running"/);
  await tell('last words', 2 ** 22 - 1);
  await until(() => told.includes('"state":"ended"'));
  await tell('here again');
  await until(() => told.includes('here again'));
  assert.equal(told.split('"state":"running"').length, 3);
  const { subject } = (await (await get('/api/overview')).json()) as { subject: { state: string } };
  assert.equal(subject.state, 'running');
  socket.destroy();
});

function statusOf(holder: object, text: string): object {
  return {
    ...{ octavo: 'agent-status', version: 1, holder, startedMs: 1, updatedMs: Date.now(), targets: [] },
    configuration: { file: '/a.yaml', files: [], loadedMs: 0, problem: '' },
    watching: { listed: 1, known: 1, waiting: 0, groupless: 0, problem: '' },
    ...{ own: { cpuMs: 1, cpuBound: 0.01 }, troubles: [], events: [{ atMs: Date.now(), target: '', text }] },
  };
}

describe('many clients', () => {
  test('hostile requests crash nothing, leave nothing open, and get no file', async () => {
    const SECRET = 'this-was-read-from-a-file';
    writeFileSync(at('secret'), SECRET);
    const { child, open, token, get } = await serving(at('heat.parquet'));
    const before = descriptors(child);
    const told = await Promise.all(
      [1, 2, 3, 4].map((seed) => attack(open, new HostileRequests(seed, token), 500, [SECRET, 'root:x:0:'])),
    );
    assert.deepEqual(
      told.flatMap(({ strange }) => strange),
      [],
    );
    const codes = new Set(told.flatMap(({ statuses }) => [...statuses.keys()]));
    for (const code of [200, 400, 401, 403, 404, 405, 421])
      assert.ok(codes.has(code), `none was answered ${code}`);
    assert.equal((await get('/api/overview')).status, 200);
    await until(() => descriptors(child) <= before + 2);
  });

  test('fifty that follow and ask, and one that reads nothing, take a bounded amount of memory', async () => {
    const { child, open, token, get } = await serving(at('heat.parquet'));
    const tile = '/api/map/tile?layout=1&segment=0&level=0&zoom=0&row=0&column=0';
    for (let warm = 0; warm < 60; warm++) await (await get(tile)).arrayBuffer();
    const before = residentBytes(child);
    const head = `HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const slow = open();
    slow.pause();
    slow.write(`GET ${tile} ${head}`.repeat(30));
    const streams = Array.from({ length: 50 }, () => {
      const socket = open();
      socket.write(`GET /events ${head}`);
      return socket.resume();
    });
    await Promise.all(
      streams.map(async () => {
        for (let asked = 0; asked < 6; asked++)
          assert.equal((await (await get(tile)).arrayBuffer()).byteLength, 32 + 4 * 65_536);
      }),
    );
    // All of the tiles would be 60 MiB.
    const grown = residentBytes(child) - before;
    assert.ok(grown < 64 * 2 ** 20, `${(grown / 2 ** 20).toFixed(1)} MiB more`);
    for (const socket of [...streams, slow]) socket.destroy();
  });
});
