/** The page of `octavo dashboard` in a browser, of a heat file: what it draws, where its links lead, whom it refuses. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { openBrowser, PATIENCE_MS, skipWithoutBrowser, WatchedPage } from '../support/browser.js';
import { DashboardServer, TOKEN } from '../support/dashboard-server.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { octavo } from './in-process.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-page-'));
const heat = join(directory, 'heat.parquet');
const BASE = 0x7f0000000000n;
const BLOCK = 0x200000n;
const SECOND = 1_000_000_000n;
const STRANGER = 'stranger.example';
const VIEWS = ['overview', 'map', 'bytes', 'orders', 'events', 'pingpong', 'compare'] as const;

/** Eight blocks, of which one is hot in the first second; nothing is recorded in the second one. */
async function makeHeat(): Promise<void> {
  const builder = new PerfBuilder();
  const sampleType = F.identifier | F.tid | F.time | F.addr;
  builder.attr({ sampleType, ids: [1], name: 'event', period: 1, config: 0x83d0 });
  builder.describeEvents().describeMachine();
  builder.comm(7, 7, 'a<b>').mmap2(7, BASE, 8n * BLOCK, '/data');
  for (let i = 0n; i < 600n; i++)
    builder.sample({ id: 1, pid: 7, addr: BASE + 4096n * (i % 512n), time: SECOND + i });
  for (let i = 0n; i < 8n; i++)
    builder.sample({ id: 1, pid: 7, addr: BASE + i * BLOCK, time: 3n * SECOND + i });
  writeFileSync(join(directory, 'heat.data'), builder.file());
  const words = ['import', join(directory, 'heat.data'), '--slice', '1s', '--out', heat, '--page-size', '4K'];
  const done = await octavo(words);
  assert.equal(done.code, 0, done.stderr);
}

/** Red, green and blue at a share of the canvas, from its left and top. */
const PIXEL = (x: number, y: number) => `(() => {
  const canvas = document.querySelector('canvas.map'), brush = canvas.getContext('2d');
  return [...brush.getImageData(Math.floor(canvas.width * ${x}), Math.floor(canvas.height * ${y}), 1, 1).data.slice(0, 3)];
})()`;

describe('the page of a heat file', { skip: skipWithoutBrowser(), timeout: 10 * PATIENCE_MS }, () => {
  let browser: Browser;
  let server: DashboardServer;

  before(async () => {
    await makeHeat();
    browser = await openBrowser([STRANGER]);
    server = await DashboardServer.start(directory, [heat]);
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function opened(hash: string, options = {}): Promise<WatchedPage> {
    const watched = await WatchedPage.open(browser, options);
    await watched.page.goto(server.at(hash));
    await watched.until("document.querySelector('.head nav a[aria-current]') !== null");
    return watched;
  }

  test('takes the token out of the address, and asks nobody else', async () => {
    const watched = await WatchedPage.open(browser);
    const asked: string[] = [];
    watched.page.on('request', (one) => asked.push(one.url()));
    await watched.page.goto(server.at('view=map'));
    await watched.drawn();
    assert.equal(watched.page.url(), `${server.address}#view=map`);
    const strange = asked.filter((url) => !url.startsWith(server.address) && !url.startsWith('data:'));
    assert.deepEqual(strange, []);
    assert.deepEqual(
      asked.filter((url) => url.includes(TOKEN) && !url.includes('#')),
      [],
    );
    assert.deepEqual(watched.mistakes, []);
    await watched.close();
  });

  test('draws heat light, what was not seen dark, and what is not known grey', async () => {
    const watched = await opened('view=map&outlines=off');
    await watched.drawn();
    const pixel = (x: number, y: number) => watched.page.evaluate<number[]>(PIXEL(x, y));
    const [hot, cold, unknown] = [await pixel(0.2, 0.06), await pixel(0.2, 0.7), await pixel(0.55, 0.7)];
    assert.ok(hot[0] > 200, `hot ${hot}`);
    assert.ok(Math.max(...cold) < 80, `cold ${cold}`);
    assert.ok(
      Math.max(...unknown) - Math.min(...unknown) < 24 && Math.min(...unknown) > 100,
      `unknown ${unknown}`,
    );
    await watched.close();
  });

  test('zooms by keys, down to pages; a link leads to the same part', async () => {
    const watched = await opened('view=map', { reducedMotion: 'reduce' });
    const { page } = watched;
    await watched.drawn();
    const before = await watched.text('.state');
    await page.locator('canvas.map').focus();
    for (let press = 0; press < 14; press++) await page.keyboard.press('}');
    await watched.until("/a row is 4 KiB/.test(document.querySelector('.state').textContent)");
    await watched.until("location.hash.includes('top=7@0x')");
    await watched.until("!/on the way/.test(document.querySelector('.state').textContent)");
    const [near, link] = [await watched.text('.state'), page.url()];
    assert.notEqual(near, before);
    await page.keyboard.press('ArrowDown');
    assert.match(await watched.text('.readout'), /^a<b> \(7\), \/data, 4 KiB at 0x7f0000[0-9a-f]{6}, \+/);
    const other = await WatchedPage.open(browser, { storageState: await page.context().storageState() });
    await other.page.goto(link);
    await other.until(`document.querySelector('.state')?.textContent === ${JSON.stringify(near)}`);
    await other.close();
    await page.keyboard.press('0');
    await watched.until("!location.hash.includes('top=')");
    assert.deepEqual(watched.mistakes, []);
    await watched.close();
  });

  test('zooms and moves by the pointer', async () => {
    const watched = await opened('view=map', { reducedMotion: 'reduce' });
    await watched.drawn();
    const box = await watched.page.locator('canvas.map').boundingBox();
    assert.ok(box !== null);
    await watched.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await watched.page.mouse.wheel(0, -600);
    await watched.until("location.hash.includes('top=')");
    const first = new URL(watched.page.url()).hash;
    await watched.page.mouse.down();
    await watched.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2 - 90, { steps: 4 });
    await watched.page.mouse.up();
    await watched.until(`location.hash !== ${JSON.stringify(first)}`);
    await watched.close();
  });

  test('tells why a block is huge or not, and closes that again', async () => {
    const watched = await opened('view=map&at=7@0x7f0000000000');
    await watched.until("document.querySelector('.explain h3')?.textContent === '0x7f0000000000'");
    assert.ok((await watched.text('.explain ul')).length > 20);
    assert.match(await watched.text('.explain figcaption'), /of 512 sub-pages accessed/);
    await watched.page.getByRole('button', { name: 'Close' }).click();
    await watched.until("document.querySelector('.explain').hidden && !location.hash.includes('at=')");
    await watched.close();
  });

  test('asks about a block again when the map has another layout by the time it is asked', async () => {
    const watched = await opened('view=map');
    await watched.drawn();
    const old = { octavo: 'dashboard-refusal', version: 1, code: 'layout', why: 'another layout' };
    const refused = { status: 409, contentType: 'application/json', body: JSON.stringify(old) };
    await watched.page.route('**/api/explain*', (route) => route.fulfill(refused), { times: 1 });
    await watched.page.locator('canvas.map').press('ArrowRight');
    await watched.page.keyboard.press('Enter');
    await watched.until("document.querySelector('.explain h3')?.textContent.startsWith('0x')");
    await watched.page.close();
  });

  /** The map has the blocks elsewhere until `grows`: then one tile is refused as of another layout, and the map asked for again. */
  async function openedEarly(hash: string) {
    const watched = await WatchedPage.open(browser, { reducedMotion: 'reduce' });
    let [isEarly, isDue] = [true, false];
    await watched.page.route('**/api/map', async (route) => {
      const reply = await route.fetch();
      const map = (await reply.json()) as { segments: { firstPage: number }[] };
      if (isEarly) for (const segment of map.segments) segment.firstPage += 2 ** 20;
      await route.fulfill({ response: reply, json: map });
    });
    const old = { octavo: 'dashboard-refusal', version: 1, code: 'layout', why: 'another layout' };
    await watched.page.route('**/api/map/tile*', (route) => {
      const isRefused = isDue;
      isDue = false;
      return isRefused ? route.fulfill({ status: 409, json: old }) : route.continue();
    });
    await watched.page.goto(server.at(hash));
    await watched.drawn();
    const grows = async () => {
      [isEarly, isDue] = [false, true];
      await watched.page.locator('canvas.map').press('}');
    };
    return { watched, grows };
  }

  const head = (words: string) => `document.querySelector('.explain h3')?.textContent === '${words}'`;
  const said = (words: string) =>
    `document.querySelector('[aria-live=polite]').textContent.startsWith('${words}')`;
  const [FIRST, SECOND_BLOCK] = ['0x7f0000000000', '0x7f0000200000'];

  test('says of a block that the map has not that it has not, aloud as well, and leads there once it has', async () => {
    const { watched, grows } = await openedEarly(`view=map&at=7@${FIRST}`);
    await watched.until(head(`${FIRST} is not on the map`));
    await watched.until(said(`${FIRST} is not on the map. `));
    await grows();
    await watched.until(head(FIRST));
    await watched.until(said(`${FIRST}: `));
    assert.deepEqual(watched.mistakes, []);
    await watched.close();
  });

  test('forgets a block that it has not when the panel is closed, or another link is followed', async () => {
    for (const leaves of ['close', 'follow'] as const) {
      const { watched, grows } = await openedEarly(`view=map&at=7@${FIRST}`);
      await watched.until(head(`${FIRST} is not on the map`));
      if (leaves === 'close') await watched.page.getByRole('button', { name: 'Close' }).click();
      else await watched.page.evaluate(`location.hash = 'view=map&at=7@${SECOND_BLOCK}'`);
      if (leaves === 'follow') await watched.until(head(`${SECOND_BLOCK} is not on the map`));
      await grows();
      if (leaves === 'follow') await watched.until(head(SECOND_BLOCK));
      // The cursor tells which map is drawn.
      await watched.page.locator('canvas.map').press('ArrowDown');
      await watched.until("document.querySelector('.readout').textContent.includes(' at 0x7f0000')");
      if (leaves === 'close') assert.ok(!watched.page.url().includes('at='), watched.page.url());
      assert.equal(await watched.page.locator('.explain').isVisible(), leaves === 'follow');
      await watched.close();
    }
  });

  test('goes back and forward between blocks', async () => {
    const watched = await opened(`view=map&at=7@${FIRST}`);
    await watched.until(head(FIRST));
    await watched.page.evaluate(`location.hash = 'view=map&at=7@${SECOND_BLOCK}'`);
    await watched.until(head(SECOND_BLOCK));
    await watched.page.evaluate("location.hash = 'view=map'");
    await watched.until("document.querySelector('.explain').hidden");
    await watched.page.goBack();
    await watched.until(`${head(SECOND_BLOCK)} && !document.querySelector('.explain').hidden`);
    await watched.page.goBack();
    await watched.until(head(FIRST));
    await watched.page.goForward();
    await watched.until(head(SECOND_BLOCK));
    assert.deepEqual(watched.mistakes, []);
    await watched.close();
  });

  test('says the same as a table', async () => {
    const watched = await opened('view=map');
    await watched.drawn();
    await watched.page.getByText('What is seen, as a table').click();
    await watched.until("document.querySelectorAll('.as-table td').length > 12");
    const words = await watched.text('.as-table table');
    assert.match(words, /accesses? a page|accesses a second and page|samples/);
    assert.match(words, /nothing seen/);
    assert.match(words, /not known/);
    await watched.close();
  });

  for (const view of ['overview', 'map'] as const)
    test(`keeps ${view} as PNG, SVG and CSV`, async () => {
      const watched = await opened(`view=${view}`);
      if (view === 'map') await watched.drawn();
      for (const [format, begin] of [
        ['PNG', '\u0089PNG'],
        ['SVG', '<svg '],
        ['CSV', view === 'map' ? 'pid,command,address' : 'target,match'],
      ] as const) {
        const coming = watched.page.waitForEvent('download');
        await watched.page.getByText('Export').click();
        await watched.page.getByRole('button', { name: format }).click();
        const download = await coming;
        assert.match(download.suggestedFilename(), new RegExp(`^octavo-[a-z-]+\\.${format.toLowerCase()}$`));
        const path = join(directory, download.suggestedFilename());
        await download.saveAs(path);
        assert.ok(readFileSync(path, 'latin1').startsWith(begin), format);
      }
      assert.deepEqual(watched.mistakes, []);
      await watched.close();
    });

  test('says of views that have nothing why, and what to do', async () => {
    const watched = await opened('view=compare');
    assert.ok((await watched.text('.empty strong')).length > 10);
    assert.ok((await watched.text('.empty')).split('\n').length > 1);
    await watched.close();
  });

  for (const colorScheme of ['light', 'dark'] as const)
    test(`keeps nobody out (axe-core), ${colorScheme}`, async () => {
      const watched = await opened('view=overview', { colorScheme });
      for (const [at, view] of VIEWS.entries()) {
        await watched.page.keyboard.press(String(at + 1));
        await watched.until(`document.querySelector('#${view}-title') !== null`);
        if (view === 'map') await watched.drawn();
        assert.deepEqual(await watched.obstacles(), [], view);
      }
      await watched.page.keyboard.press('?');
      assert.deepEqual(await watched.obstacles(), [], 'keys');
      assert.deepEqual(watched.mistakes, []);
      await watched.close();
    });

  test('fits narrow screens: nothing but frames scrolls sidewards', async () => {
    const watched = await opened('view=overview', { viewport: { width: 340, height: 700 } });
    for (const view of VIEWS) {
      await watched.page.evaluate(`location.hash = 'view=${view}'`);
      await watched.until(`document.querySelector('#${view}-title') !== null`);
      const [wide, room] = await watched.page.evaluate<number[]>(
        '[document.documentElement.scrollWidth, innerWidth]',
      );
      assert.ok(wide <= room, `${view} is ${wide} wide`);
    }
    await watched.close();
  });

  test('says plainly that it is stale, and comes back when the server does', async () => {
    const watched = await opened('view=map');
    await watched.drawn();
    const { port } = server;
    await server.stop();
    await watched.until("document.querySelector('.head .pill').textContent === 'stale'");
    assert.match(await watched.text('.banner'), /What you see is as it was before/);
    server = await DashboardServer.start(directory, [heat], port);
    await watched.until("document.querySelector('.head .pill').textContent === 'recorded'");
    await watched.until("document.querySelector('.banner').hidden");
    await watched.drawn();
    await watched.close();
  });
});

describe('who is refused', { skip: skipWithoutBrowser(), timeout: 10 * PATIENCE_MS }, () => {
  const own = mkdtempSync(join(tmpdir(), 'octavo-refused-'));
  let browser: Browser;
  let server: DashboardServer;
  let foreign: Server;

  before(async () => {
    await octavo(['simulate', 'redis', '--json']).then(({ stdout }) =>
      writeFileSync(join(own, 'redis.json'), stdout),
    );
    browser = await openBrowser([STRANGER]);
    server = await DashboardServer.start(own, [join(own, 'redis.json')]);
    foreign = createServer((_, response) =>
      response.setHeader('Content-Type', 'text/html').end('<p>foreign</p>'),
    );
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
    foreign?.close();
    rmSync(own, { recursive: true, force: true });
  });

  test('who has no token sees nothing but how to get one', async () => {
    const watched = await WatchedPage.open(browser);
    await watched.page.goto(server.address);
    await watched.until("document.querySelector('.head .pill').textContent === 'locked'");
    assert.match(await watched.text('main'), /#token=/);
    assert.equal((await watched.page.request.get(`${server.address}api/overview`)).status(), 401);
    await watched.page.goto(`${server.address}#token=another-token-of-somebody`);
    await watched.page.reload();
    await watched.until("document.querySelector('.head .pill').textContent === 'locked'");
    assert.deepEqual(watched.mistakes, []);
    await watched.close();
  });

  test('another name that leads here (DNS rebinding)', async () => {
    const watched = await WatchedPage.open(browser);
    const answer = await watched.page.goto(`http://${STRANGER}:${server.port}/`);
    assert.equal(answer?.status(), 421);
    await watched.close();
  });

  test('a page of another origin, even in a browser that has the cookie', async () => {
    const watched = await WatchedPage.open(browser);
    await watched.page.goto(server.at());
    await watched.until("document.querySelector('#overview-title') !== null");
    // What the page itself still asks for ends with it.
    await watched.page.goto('about:blank');
    const statuses: number[] = [];
    watched.page.on('response', (answer) => {
      if (answer.url().startsWith(server.address)) statuses.push(answer.status());
    });
    await watched.page.goto(`http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`);
    const ask = (mode: string) =>
      watched.page.evaluate<string>(
        `fetch('${server.address}api/overview', { credentials: 'include', mode: '${mode}' }).then((reply) => reply.type + reply.status, (problem) => problem.name)`,
      );
    assert.equal(await ask('cors'), 'TypeError');
    const silent = await ask('no-cors');
    assert.ok(silent === 'TypeError' || silent === 'opaque0', silent);
    assert.deepEqual(
      statuses.filter((status) => status < 400),
      [],
    );
    const framed = await watched.page.evaluate<number>(
      `new Promise((resolve) => { const frame = document.createElement('iframe'); frame.onload = () => { let text; try { text = frame.contentDocument?.body.innerText.length ?? 0; } catch { text = 0; } resolve(text); }; frame.src = '${server.address}'; document.body.append(frame); })`,
    );
    assert.equal(framed, 0, 'no page is framed');
    await watched.close();
  });

  test('a request that says it comes from elsewhere, without a browser', async () => {
    const status = (headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers_ = { authorization: `Bearer ${TOKEN}`, ...headers };
        request(
          { host: '127.0.0.1', port: server.port, path: '/api/overview', headers: headers_ },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode);
          },
        )
          .on('error', reject)
          .end();
      });
    assert.equal(await status({}), 200);
    assert.equal(await status({ host: 'example.org' }), 421);
    assert.equal(await status({ origin: 'http://example.org' }), 403);
    assert.equal(await status({ 'sec-fetch-site': 'cross-site' }), 403);
    assert.equal(await status({ authorization: 'Bearer no' }), 401);
  });
});
