/** The page of `octavo dashboard` beside a real agent: it shows a split that just happened, and survives the agent's restart. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { skipUnlessLive } from '../live/abilities.js';
import type { WorkloadClient } from '../live/workload-client.js';
import { writeAgentFile } from '../support/agent-file.js';
import { openBrowser, PATIENCE_MS, skipWithoutBrowser, WatchedPage } from '../support/browser.js';
import { DashboardServer } from '../support/dashboard-server.js';
import { removeFolder } from '../support/remove-folder.js';
import { hugeRegion, MIB, quietWorkload } from './live-target.js';
import { MAIN } from './octavo.js';

const isRoot = process.geteuid?.() === 0;
const skip =
  skipWithoutBrowser() || (isRoot ? skipUnlessLive() : 'only root can start an agent of two processes');
const NAME = `page-${process.pid}`;
const BLOCKS = 4;

describe('the page of an agent', { skip, timeout: 10 * PATIENCE_MS }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'octavo-agent-page-'));
  const at = (name: string) => join(directory, name);
  let workload: WorkloadClient;
  let browser: Browser;
  let server: DashboardServer;
  let agent: ChildProcess;
  let watched: WatchedPage;

  before(async () => {
    chmodSync(directory, 0o755);
    // A name of its own: other programs of Node are nobody's target here.
    symlinkSync(process.execPath, at(NAME));
    workload = await quietWorkload(at(NAME));
    // Guards of a target are of a machine at rest: tests run beside others.
    writeAgentFile(directory, { command: NAME, act: true, off: ['ownCpu', 'lockShare'] });
    agent = startAgent();
    browser = await openBrowser();
    server = await DashboardServer.start(directory, words());
    watched = await WatchedPage.open(browser);
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
    agent?.kill('SIGKILL');
    await workload?.end();
    await removeFolder(directory);
  });

  const words = () => ['--state', at('state'), '--runtime', at('run'), '--allow-actions'];
  const startAgent = () =>
    spawn(process.execPath, [MAIN, 'agent', '--config', at('agent.yaml')], { stdio: 'ignore' });
  const pill = (words: string) =>
    watched.until(`document.querySelector('.head .pill').textContent === '${words}'`);

  test('draws, and shows a split that just happened in the log and on the map', async () => {
    await hugeRegion(workload, 'first', BLOCKS * 2 * MIB);
    await watched.page.goto(server.at('view=map'));
    await pill('live');
    await watched.drawn();
    // What it did before somebody looked may be on the map by now; what it does from here on is told.
    await hugeRegion(workload, 'second', BLOCKS * 2 * MIB);
    await watched.until("Number(document.querySelector('canvas.map')?.dataset.marks) > 0");
    await watched.page.getByRole('link', { name: 'Decisions', exact: true }).click();
    await watched.until(`document.querySelectorAll('#main tbody tr .pill.accent').length >= ${BLOCKS}`);
    const words = await watched.text('#main table');
    assert.match(words, /split to order 0/);
    assert.match(words, new RegExp(NAME.slice(0, 15)));
    assert.deepEqual(watched.mistakes, []);
  });

  test('tells without being asked what comes while somebody looks', async () => {
    const count = "document.querySelectorAll('#main tbody tr .pill.accent').length";
    const before = await watched.page.evaluate<number>(count);
    await hugeRegion(workload, 'third', BLOCKS * 2 * MIB);
    await watched.until(`${count} >= ${before + BLOCKS}`);
  });

  test('leads from a decision to its block, and says why that is not huge now', async () => {
    await watched.until("document.querySelector('#main tbody a.mono') !== null");
    const address = await watched.text('#main tbody a.mono');
    // By its name: what comes meanwhile stands before it.
    const name = `${address}: show on the map`;
    await watched.page.getByRole('link', { name, exact: true }).first().click();
    await watched.until(`document.querySelector('.explain h3')?.textContent === '${address}'`);
    await watched.until("document.querySelectorAll('.explain li').length > 0");
  });

  /** The next preview is answered when the returned function is called, which waits until the page has taken it. */
  async function lateAnswer(): Promise<() => Promise<void>> {
    const { page } = watched;
    let answer = (): void => undefined;
    const due = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const told = { octavo: 'dashboard-preview', version: 1, title: 'Of an earlier question', id: '' };
    const json = { ...told, lines: [], calls: [], refusal: 'it is too late', holdsMs: 1 };
    await page.route('**/api/act/preview', (route) => due.then(() => route.fulfill({ json })), { times: 1 });
    return async () => {
      const taken = page.waitForResponse('**/api/act/preview').then((reply) => reply.finished());
      answer();
      await taken;
      await page.waitForTimeout(300);
    };
  }

  test('pauses a target, undoes a run, and resumes: each shown before, confirmed, and done by the agent', async () => {
    const { page } = watched;
    const dialog = page.locator('dialog.act');
    const row = (words: string) =>
      watched.until(`/${words}/.test(document.querySelector('#main')?.textContent ?? '')`);
    await page.getByRole('link', { name: 'Overview', exact: true }).click();
    const late = await lateAnswer();
    await page.getByRole('button', { name: `Pause acting on ${NAME}` }).click();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: `Pause acting on ${NAME}` }).click();
    await dialog.getByText('Nothing has been done yet.').waitFor();
    await late();
    assert.match(await watched.text('dialog.act h3'), /^Pause acting on /);
    assert.deepEqual(await watched.obstacles(), [], 'the dialog');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: `Pause acting on ${NAME}` }).click();
    await dialog.getByRole('button', { name: 'Pause it' }).click();
    await row('paused: it is observed only');
    await page.getByRole('link', { name: 'Decisions', exact: true }).click();
    await page.locator('#main').getByRole('button', { name: 'Undo its run' }).first().click();
    await dialog.getByText('Nothing has been done yet.').waitFor();
    assert.match(await watched.text('dialog.act'), /collapse 0x[0-9a-f]+ of /);
    await dialog.getByRole('button', { name: 'Undo it' }).click();
    await page.getByRole('link', { name: 'Overview', exact: true }).click();
    await row('\\d+ of \\d+ steps met');
    await page.getByRole('link', { name: 'Decisions', exact: true }).click();
    await watched.until("document.querySelector('#main tbody tr .pill.good') !== null");
    await page.getByRole('link', { name: 'Overview', exact: true }).click();
    await page.getByRole('button', { name: `Resume acting on ${NAME}` }).click();
    await dialog.getByRole('button', { name: 'Resume it' }).click();
    await row('resumed: it may be acted on as configured');
    assert.deepEqual(watched.mistakes, []);
  });

  test('survives the end of the agent, its restart, and that of its own server', async () => {
    agent.kill('SIGKILL');
    await pill('agent ended');
    assert.ok((await watched.text('.banner')).length > 10);
    agent = startAgent();
    await pill('live');
    const { port } = server;
    await server.stop();
    await pill('stale');
    server = await DashboardServer.start(directory, words(), port);
    await pill('live');
    assert.deepEqual(watched.mistakes, []);
  });

  test('keeps nobody out while it is live (axe-core)', async () => {
    for (const [view, at_] of [
      ['overview', '1'],
      ['events', '5'],
      ['pingpong', '6'],
    ] as const) {
      await watched.page.keyboard.press(at_);
      await watched.until(`document.querySelector('#${view}-title') !== null`);
      assert.deepEqual(await watched.obstacles(), [], view);
    }
  });
});
