/** A browser for tests: that of the system. Nothing is downloaded; where there is none the tests say so. */
import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** Waits are for what is to come, however slow the machine: only what never comes fails. */
export const PATIENCE_MS = 120_000;

/** Path of a Chromium; undefined where there is none. */
function findChromium(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [process.env.OCTAVO_TEST_CHROMIUM ?? '', ...paths].find((path) => path !== '' && isProgram(path));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why tests with a browser are skipped; false when they are not. */
export function skipWithoutBrowser(): string | false {
  return findChromium() === undefined ? `no Chromium here (looked for ${NAMES.join(', ')})` : false;
}

/** `hosts`: names that lead to this machine, as a name server of somebody else's may say. */
export async function openBrowser(hosts: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium();
  assert.ok(executablePath !== undefined);
  const rules = hosts.map((name) => `MAP ${name} 127.0.0.1`).join(',');
  // Its sandbox needs what containers and root do not have; it loads pages of this test alone.
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', `--host-resolver-rules=${rules}`];
  return chromium.launch({ executablePath, args, timeout: PATIENCE_MS });
}

/** A page whose mistakes are kept: errors, refusals by its policy, requests to anybody else. */
export class WatchedPage {
  readonly page: Page;
  readonly mistakes: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (problem) => this.mistakes.push(`error: ${problem.message}`));
    page.on('console', (message) => {
      const words = message.text();
      // What the network could not bring is said by the page as well; what the policy refused is a mistake.
      if (message.type() === 'error' && !words.startsWith('Failed to load resource'))
        this.mistakes.push(words);
    });
  }

  static async open(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
    return new WatchedPage(await context.newPage());
  }

  /** Waits until an element is there, and returns its text. */
  async text(selector: string): Promise<string> {
    await this.page.locator(selector).first().waitFor();
    // As it is seen: without what is hidden, with its lines.
    return this.page.evaluate<string>(`document.querySelector(${JSON.stringify(selector)}).innerText.trim()`);
  }

  /** Waits until an expression of the page is true. Asked from outside: the page's policy lets nobody evaluate within it. */
  async until(expression: string): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS;
    for (;;) {
      // A page that is being left has nothing to say.
      const is = await this.page.evaluate<boolean>(`!!(${expression})`).catch(() => false);
      if (is) return;
      assert.ok(performance.now() < endMs, `${expression} did not become true: ${this.mistakes.join('; ')}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Waits until the map is drawn with all its tiles. */
  async drawn(): Promise<void> {
    await this.until("document.querySelector('canvas.map')?.dataset.drawn === 'whole'");
  }

  /** What axe-core finds that keeps somebody out, in a line each. */
  async obstacles(): Promise<readonly string[]> {
    const { source } = createRequire(import.meta.url)('axe-core') as { readonly source: string };
    // Evaluated beside the page, whose policy allows no other script.
    await this.page.evaluate(source);
    const found = await this.page.evaluate<readonly Violation[]>(
      "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => JSON.parse(JSON.stringify(violations)))",
    );
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}
