// What the serving side of the dashboard costs: how soon it answers first, how large the page is, what fifty clients and a slow
// reader take. node scripts/bench/dashboard/serving.mjs (needs a build)
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import {
  dashboard,
  isRead,
  listening,
  residentBytes,
  someHeat,
} from '../../../dist/test/support/serving-dashboard.js';

const RUNS = 5;
const CLIENTS = 50;
const directory = mkdtempSync(join(tmpdir(), 'octavo-bench-dashboard-'));
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

try {
  const heat = join(directory, 'heat.parquet');
  await someHeat(heat, { blocks: 256, seconds: 40 });
  await firstAnswers(heat);
  await manyClients(heat);
} finally {
  rmSync(directory, { recursive: true });
}

/** From the start of the program, and of each kind of reply. */
async function firstAnswers(heat) {
  const rows = [];
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    const since = () => performance.now() - began;
    const served = await listening(heat);
    const listens = since();
    await (await served.get('/api/overview')).arrayBuffer();
    const answers = since();
    await isRead(served);
    rows.push({ listens, answers, read: since(), cpu: cpuMs(served.child) });
    if (run === RUNS - 1) await replies(served);
    await served.stop();
  }
  const of = (name) => `${median(rows.map((row) => row[name])).toFixed(0)} ms`;
  console.log(
    `after the start of the program (medians of ${RUNS}): listens ${of('listens')}, first answer ${of('answers')}, whole map ${of('read')}; CPU time until then ${of('cpu')}`,
  );
}

/** CPU time of all threads. @param {{ pid?: number | undefined }} child */
function cpuMs({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function replies({ get }) {
  const map = /** @type {any} */ (await (await get('/api/map')).json());
  const tile = (level, row) =>
    `/api/map/tile?layout=${map.layout}&segment=0&level=${level}&zoom=0&row=${row}&column=0`;
  console.log(
    `map: ${map.cells} cells, ${map.segments.length} segments, levels ${map.leastLevel} to ${map.mostLevel}`,
  );
  for (const target of [
    '/',
    '/app.js',
    '/app.css',
    '/api/overview',
    '/api/map',
    tile(map.mostLevel, 0),
    tile(0, 0),
  ]) {
    const times = [];
    let bytes;
    for (let run = 0; run < 20; run++) {
      const began = performance.now();
      bytes = new Uint8Array(await (await get(target)).arrayBuffer());
      times.push(performance.now() - began);
    }
    console.log(
      `${target.padEnd(64)} ${median(times).toFixed(1).padStart(6)} ms  ${String(bytes.length).padStart(8)} B, ${brotliCompressSync(bytes).length} B packed`,
    );
  }
}

/** Fifty that follow and ask for tiles, and one that asks for tiles and reads none. */
async function manyClients(heat) {
  const served = await dashboard(heat);
  const { get, token, open, child } = served;
  const map = /** @type {any} */ (await (await get('/api/map')).json());
  const rows = Math.ceil(map.segments[0].pages / 256);
  const ask = (at) =>
    get(`/api/map/tile?layout=${map.layout}&segment=0&level=0&zoom=0&row=${at % rows}&column=0`);
  for (let at = 0; at < 100; at++) await (await ask(at)).arrayBuffer();
  const before = residentBytes(child);
  const streams = Array.from({ length: CLIENTS }, () => {
    const socket = open();
    socket.write(`GET /events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    socket.resume();
    return socket;
  });
  const slow = open();
  slow.pause();
  const request = `GET /api/map/tile?layout=${map.layout}&segment=0&level=0&zoom=0&row=0&column=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  slow.write(request.repeat(30));
  let most = before;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      for (let at = 0; at < 40; at++) {
        await (await ask(client * 7 + at)).arrayBuffer();
        if (at % 10 === 0) most = Math.max(most, residentBytes(child));
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${CLIENTS} clients and a slow reader: ${mib(before)} → at most ${mib(most)} resident, ${Math.round((CLIENTS * 40) / seconds)} tiles a second`,
  );
  for (const socket of [...streams, slow]) socket.destroy();
  await served.stop();
}
