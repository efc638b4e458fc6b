/** Texts that a reviewer has accepted. `OCTAVO_ACCEPT=1 npm test -- PART` accepts what the tests print now. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = join(fileURLToPath(new URL('../../../', import.meta.url)), 'test', 'golden');

/** Compares a text with test/golden/NAME. */
export function assertGolden(name: string, text: string): void {
  const path = join(FOLDER, name);
  if (process.env.OCTAVO_ACCEPT === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  assert.equal(text, readFileSync(path, 'utf8'), `differs from ${path}; OCTAVO_ACCEPT=1 accepts it`);
}
