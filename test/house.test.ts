/** The checks of the house must be able to fail. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const house = mkdtempSync(join(tmpdir(), 'octavo-house-'));
cpSync(join(ROOT, 'scripts'), join(house, 'scripts'), { recursive: true });
mkdirSync(join(house, 'src'));
// Empty rooms and files: the plan asks only that they are there.
for (const entry of readdirSync(join(ROOT, 'src'), { withFileTypes: true })) {
  const place = join(house, 'src', entry.name);
  if (entry.isDirectory()) mkdirSync(place);
  else writeFileSync(place, '');
}
symlinkSync(join(ROOT, 'node_modules'), join(house, 'node_modules'));
after(() => rmSync(house, { recursive: true }));

/** The check of a house with the rooms of this project and some files in them. */
function checkHouse(files: Readonly<Record<string, string>>): { status: number | null; said: string } {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(house, 'src', file)), { recursive: true });
    writeFileSync(join(house, 'src', file), text);
  }
  const script = join(house, 'scripts/check-arrows.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  for (const file of Object.keys(files)) rmSync(join(house, 'src', file));
  return { status, said: stderr };
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
    const { status, said } = checkHouse({ [file]: text });
    assert.equal(status, 1, file);
    assert.match(said, expected);
  }
  rmSync(join(house, 'src/nowhere'), { recursive: true });
  assert.deepEqual(checkHouse({ 'planning/x.ts': `import { a } from '../vocabulary/units.js';` }), {
    status: 0,
    said: '',
  });
});

test('files that import each other, and folders that do, are caught', () => {
  const files = checkHouse({
    'planning/x.ts': `import { y } from './y.js'; export const x = y;`,
    'planning/y.ts': `import { x } from './x.js'; export const y = x;`,
  });
  assert.equal(files.status, 1);
  assert.match(files.said, /circle of files: src\/planning\/x.ts src\/planning\/y.ts/);
  const folders = checkHouse({
    'planning/one/x.ts': `import { y } from '../two/y.js'; export const x = y;`,
    'planning/two/y.ts': `export const y = 1;`,
    'planning/two/z.ts': `import { x } from '../one/x.js'; export const z = x;`,
  });
  assert.equal(folders.status, 1);
  assert.match(folders.said, /circle of folders.*: src\/planning\/one src\/planning\/two/);
});
