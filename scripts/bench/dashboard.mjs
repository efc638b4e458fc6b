// What the dashboard's page costs: its weight, how long until its first picture, and how long frames take while a map of more
// than a million cells is moved and zoomed, in the system's Chromium: node scripts/bench/dashboard.mjs [--seconds N]
// Then the same where each cell in view is a pixel or two, over tiles of noise: more than a heat file has slices for.
// Frames of a browser without a GPU are painted by the CPU: a desktop's are not slower.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { prepare, root } from '../prepare.mjs';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '6' }, rounds: { type: 'string', default: '5' } },
});
const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
/** Two million cells: as many slices as a heat file has, and 64 blocks of 512 pages. */
const [SLICES, BLOCKS, SAMPLES] = [64, 64, 1500];
const VIEWPORT = { width: 1920, height: 1230 };
const [LEAST_CELLS, MOST_WEIGHT, MOST_FIRST_MS, FRAME_MS] = [1_000_000, 300_000, 500, 1000 / 60];

prepare();
const built = (path) => import(pathToFileURL(join(root, 'dist', path)).href);
const { openBrowser, skipWithoutBrowser } = await built('test/support/browser.js');
if (skipWithoutBrowser() !== false) {
  console.log(`skipped: ${skipWithoutBrowser()}`);
  process.exit(0);
}
const directory = mkdtempSync(join(tmpdir(), 'octavo-bench-page-'));
const program = join(root, 'bundle/octavo.js');
try {
  const server = await serve(await heatFile());
  const browser = await openBrowser();
  try {
    await measure(browser, server);
  } finally {
    await browser.close();
    server.child.kill('SIGTERM');
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** Samples all over the pages of a few blocks, in every slice. */
async function heatFile() {
  const { PerfBuilder } = await built('test/support/perf-builder.js');
  const { SAMPLE_FIELD: F } = await built('src/formats/perf-abi/constants.js');
  const builder = new PerfBuilder();
  builder.attr({
    sampleType: F.identifier | F.tid | F.time | F.addr,
    ids: [1],
    name: 'event',
    period: 1,
    config: 0x83d0,
  });
  builder.describeEvents().describeMachine();
  const base = 0x7f0000000000n;
  builder.comm(7, 7, 'bench').mmap2(7, base, BigInt(BLOCKS) * 0x200000n, '/data');
  let seed = 1;
  for (let slice = 0; slice < SLICES; slice++)
    for (let sample = 0; sample < SAMPLES; sample++) {
      seed = (seed * 48_271) % 2_147_483_647;
      // The first pages are hotter than the last.
      const page = Math.floor((seed / 2_147_483_647) ** 3 * BLOCKS * 512);
      const time = BigInt(slice + 1) * 1_000_000_000n + BigInt(sample);
      builder.sample({ id: 1, pid: 7, addr: base + BigInt(page) * 4096n, time });
    }
  const [data, heat] = [join(directory, 'bench.data'), join(directory, 'bench.parquet')];
  writeFileSync(data, builder.file());
  const words = ['import', data, '--slice', '1s', '--out', heat, '--page-size', '4K'];
  const done = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
  return heat;
}

function serve(heat) {
  const child = spawn(process.execPath, [program, 'dashboard', heat], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const [address] = /http:\/\/[^"\s]+/.exec(said) ?? [];
      if (address?.includes('token=')) resolve({ child, address });
    });
    child.once('exit', () => reject(new Error(`octavo dashboard ended: ${said}`)));
  });
}

async function measure(browser, { address }) {
  const [origin, token] = address.split('#');
  const at = (hash) => `${origin}#${token}&view=map${hash}`;
  const weight = await weightOf(origin);
  const first = [];
  for (let round = 0; round < rounds; round++) first.push(await firstPicture(browser, at('')));
  const frames = await framesOf(browser, at(''));
  const noise = await noiseFrames(browser, at('&outlines=off'));
  console.log(
    `${cpus()[0].model}, ${cpus().length} CPUs, ${browser.version()} without a GPU (software rendering)`,
  );
  console.log('| what | median | p95 | wanted |');
  console.log('| --- | --- | --- | --- |');
  console.log(
    `| page weight, compressed | ${(weight / 1000).toFixed(1)} kB | | ≤ ${MOST_WEIGHT / 1000} kB |`,
  );
  row('first picture of the map', first, MOST_FIRST_MS);
  console.log(
    `| cells of the map | ${frames.cells.toLocaleString('en')} | | ≥ ${LEAST_CELLS.toLocaleString('en')} |`,
  );
  row('from frame to frame, moving', frames.moving.between, FRAME_MS);
  row('drawing of a frame, moving', frames.moving.drawing, FRAME_MS);
  row('from frame to frame, zooming', frames.zooming.between, FRAME_MS);
  row('drawing of a frame, zooming', frames.zooming.drawing, FRAME_MS);
  const inView = noise.cells.map((count) => count.toLocaleString('en'));
  console.log(
    `| cells in view, of noise (least, most) | ${inView.join(', ')} | | ≥ ${LEAST_CELLS.toLocaleString('en')} |`,
  );
  row('from frame to frame, of noise', noise.between, FRAME_MS);
  row('drawing of a frame, of noise', noise.drawing, FRAME_MS);
}

function row(what, list, wanted) {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
  console.log(`| ${what} (${list.length}) | ${at(0.5)} ms | ${at(0.95)} ms | ≤ ${wanted.toFixed(1)} ms |`);
}

/** Bytes of the page's files as a browser gets them. */
async function weightOf(origin) {
  let bytes = 0;
  for (const path of ['', 'app.js', 'app.css']) {
    const reply = await fetch(`${origin}${path}`, { headers: { 'Accept-Encoding': 'br' } });
    bytes += Number(reply.headers.get('content-length'));
  }
  return bytes;
}

/** Milliseconds from the beginning of the navigation until the map is drawn with all its tiles; nothing is cached. */
async function firstPicture(browser, address) {
  const context = await browser.newContext({ viewport: VIEWPORT });
  const page = await context.newPage();
  await page.addInitScript({
    content:
      "document.addEventListener('drawn', ({ detail }) => { if (detail.missing === 0) globalThis.firstMs ??= performance.now(); }, true)",
  });
  await page.goto(address);
  for (;;) {
    const ms = await page.evaluate('globalThis.firstMs');
    if (ms !== undefined) {
      await context.close();
      return ms;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Frame times while the map is moved to and fro, and zoomed in and out. */
async function framesOf(browser, address) {
  const context = await browser.newContext({ viewport: VIEWPORT, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.addInitScript({
    content:
      "globalThis.drawn = []; document.addEventListener('drawn', ({ detail }) => globalThis.drawn.push({ ...detail, at: performance.now() }), true)",
  });
  await page.goto(address);
  await whole(page);
  const box = await page.locator('canvas.map').boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  const cells = await page.evaluate(
    "fetch('/api/map').then((reply) => reply.json()).then(({ columns, segments, leastLevel }) => columns.length * segments.reduce((sum, { pages }) => sum + pages / 2 ** leastLevel, 0))",
  );
  // Half way in, so that there is something to every side.
  await page.mouse.wheel(0, -700);
  await whole(page);
  // Every frame has something new to draw: a step to one side or the other, a little nearer or farther.
  const key = (step) => `new KeyboardEvent('keydown', { shiftKey: true, key: '${step}' })`;
  const moving = await recorded(page, `frame % 2 ? ${key('ArrowLeft')} : ${key('ArrowRight')}`);
  const wheel =
    'new WheelEvent("wheel", { deltaY: Math.sin(frame / 25) > 0 ? -60 : 60, clientX: innerWidth / 2, clientY: 500 })';
  const zooming = await recorded(page, wheel);
  await context.close();
  return { cells, moving, zooming };
}

/** Frames of a map whose cells are nearly as many as the pixels of the canvas, which is zoomed a little to and fro. */
async function noiseFrames(browser, address) {
  const { encodeTile, TILE_ROWS, TILE_COLUMNS } = await built('src/dashboard/wire/tile.js');
  const context = await browser.newContext({ viewport: VIEWPORT, deviceScaleFactor: 1.25 });
  const page = await context.newPage();
  await page.addInitScript({
    content:
      "globalThis.drawn = []; document.addEventListener('drawn', ({ detail }) => globalThis.drawn.push({ ...detail, at: performance.now() }), true)",
  });
  await page.route('**/api/map', async (route) => {
    const reply = await route.fetch();
    const map = await reply.json();
    const [pages, count] = [1024, 2048];
    const columns = Array.from({ length: count }, (_, at) => ({ fromMs: at, toMs: at + 1, isGap: false }));
    const levels = { leastLevel: 0, mostLevel: 10, mostZoom: 11, cells: pages * count };
    await route.fulfill({
      json: { ...map, columns, segments: [{ ...map.segments[0], pages }], ...levels, hasHuge: false },
    });
  });
  await page.route('**/api/map/tile?*', (route) => {
    const query = new URL(route.request().url()).searchParams;
    const names = ['layout', 'segment', 'level', 'zoom', 'row', 'column'];
    const place = Object.fromEntries(names.map((name) => [name, Number(query.get(name))]));
    const plane = () =>
      Uint8Array.from({ length: TILE_ROWS * TILE_COLUMNS }, () => Math.floor(Math.random() * 254));
    const planes = { heat: plane(), touched: plane(), huge: plane(), order: plane() };
    const tile = encodeTile({ ...place, rows: TILE_ROWS, columns: TILE_COLUMNS, ...planes });
    return route.fulfill({ body: Buffer.from(tile), contentType: 'application/octet-stream' });
  });
  await page.goto(address);
  await whole(page);
  const wheel =
    'new WheelEvent("wheel", { deltaY: Math.sin(frame / 25) > 0 ? -4 : 4, clientX: innerWidth / 2, clientY: 500 })';
  const found = await recorded(page, wheel);
  const drawn = await page.evaluate('globalThis.drawn.map(({ cells }) => cells)');
  await context.close();
  return { ...found, cells: [Math.min(...drawn), Math.max(...drawn)] };
}

async function whole(page) {
  for (let still = 0; still < 3; ) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    const isWhole = await page.evaluate("document.querySelector('canvas.map')?.dataset.drawn === 'whole'");
    still = isWhole ? still + 1 : 0;
  }
}

/** Frames in which the canvas gets an event each. */
async function recorded(page, event) {
  await page.evaluate(`new Promise((resolve) => {
    globalThis.drawn = [];
    const canvas = document.querySelector('canvas.map'), end = performance.now() + ${seconds * 1000};
    const step = (frame) => {
      if (performance.now() > end) return resolve();
      canvas.dispatchEvent(${event});
      requestAnimationFrame(() => step(frame + 1));
    };
    step(0);
  })`);
  const drawn = await page.evaluate('globalThis.drawn');
  const between = drawn.slice(1).map(({ at }, index) => at - drawn[index].at);
  return { between, drawing: drawn.map(({ ms }) => ms) };
}
