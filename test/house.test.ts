/** The checks of the house must be able to fail. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../scripts/check-arrows.mjs', import.meta.url));

function checkHouse(file: string, text: string): { status: number | null; said: string } {
  const house = mkdtempSync(join(tmpdir(), 'octavo-house-'));
  try {
    mkdirSync(join(house, 'scripts'));
    mkdirSync(join(house, 'src', file, '..'), { recursive: true });
    cpSync(SCRIPT, join(house, 'scripts/check-arrows.mjs'));
    writeFileSync(join(house, 'src', file), text);
    const checked = spawnSync(process.execPath, [join(house, 'scripts/check-arrows.mjs')], {
      encoding: 'utf8',
    });
    return { status: checked.status, said: checked.stderr };
  } finally {
    rmSync(house, { recursive: true });
  }
}

test('an arrow against the plan, a kind instead of its interface, and the world outside the host are caught', () => {
  const cases: [string, string, RegExp][] = [
    ['policies/x.ts', `import { host } from '../host/host.js';`, /policies → host/],
    ['cycle/x.ts', `import { a } from '../sources/occupancy.js';`, /only source.ts/],
    ['planning/x.ts', `import { readFileSync } from 'node:fs';`, /behind the host/],
    ['cycle/x.ts', 'export const now = Date.now();', /Date.now belongs behind the host/],
    ['nowhere/x.ts', 'export {};', /not in the plan/],
  ];
  for (const [file, text, expected] of cases) {
    const { status, said } = checkHouse(file, text);
    assert.equal(status, 1, file);
    assert.match(said, expected);
  }
  assert.equal(checkHouse('planning/x.ts', `import { a } from '../vocabulary/units.js';`).status, 0);
});
