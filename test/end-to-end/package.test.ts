/** What `npm pack` makes of a clean checkout: installed into an empty folder, it works from anywhere. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ROOT } from '../support/corpus.js';

const MOST_BYTES = 1.5e6;
const MOST_PACKAGES = 10;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(folder: string, command: string, ...words: readonly string[]): Ended {
  const ended = spawnSync(command, words, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, OCTAVO_HOST: '' },
  });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

/** Why this cannot be tried here, or false. A clone has no history to lose: it holds what git tracks, and no build. */
function skip(): false | string {
  if (run(ROOT, 'git', 'rev-parse', '--is-inside-work-tree').code !== 0) return 'this is not a git checkout';
  const registry = run(ROOT, 'npm', 'ping');
  return registry.code === 0 ? false : 'the npm registry cannot be reached';
}

describe('the package', { skip: skip() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-package-'));
  const clone = join(folder, 'clone');
  const user = join(folder, 'user');
  const elsewhere = join(folder, 'elsewhere');
  const octavo = (...words: readonly string[]) =>
    run(elsewhere, join(user, 'node_modules/.bin/octavo'), ...words);

  before(() => {
    for (const made of [user, elsewhere]) mkdirSync(made);
    assert.equal(run(folder, 'git', 'clone', '--quiet', '--depth', '1', `file://${ROOT}`, clone).code, 0);
    // What the loops of assembly/ were compiled to, kept by what they were made from.
    const loops = join(ROOT, '.cache/loops');
    if (existsSync(loops)) cpSync(loops, join(clone, '.cache/loops'), { recursive: true });
    const packed = run(clone, 'npm', 'pack', '--pack-destination', user);
    assert.equal(packed.code, 0, packed.err);
    writeFileSync(join(user, 'package.json'), '{ "private": true }');
    const tarball = readdirSync(user).find((name) => name.endsWith('.tgz'));
    assert.ok(tarball !== undefined, packed.out);
    const installed = run(user, 'npm', 'install', '--no-audit', '--no-fund', `./${tarball}`);
    assert.equal(installed.code, 0, installed.err);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is small, and holds no tests, no demo and no maps', () => {
    const own = join(user, 'node_modules/octavo');
    const files = filesBelow(own);
    assert.deepEqual(
      files.filter((path) => /\.test\.|\.map$|\bdemo\b|\btest\//.test(path)),
      [],
    );
    const bytes = files.reduce((sum, path) => sum + statSync(join(own, path)).size, 0);
    assert.ok(bytes <= MOST_BYTES, `${bytes} bytes`);
    const packages = Object.keys(
      JSON.parse(readFileSync(join(user, 'node_modules/.package-lock.json'), 'utf8')).packages,
    );
    assert.ok(packages.length <= MOST_PACKAGES, packages.join(' '));
  });

  it('knows its version and this machine', () => {
    assert.match(octavo('--version').out, /^\d+\.\d+\.\d+\n$/);
    const doctor = octavo('doctor', '--json');
    assert.equal(doctor.code, 0, doctor.err);
    assert.equal(JSON.parse(doctor.out).octavo, 'features');
  });

  it('simulates a ready scenario, on worker threads too', () => {
    const listed = octavo('simulate', '--list', '--json');
    const { scenarios } = JSON.parse(listed.out) as { scenarios: { name: string }[] };
    assert.deepEqual(
      scenarios.map(({ name }) => `${name}.yaml`).sort(),
      readdirSync(join(ROOT, 'scenarios'))
        .filter((name) => name.endsWith('.yaml'))
        .sort(),
    );
    writeFileSync(join(elsewhere, 'own.yaml'), SCENARIO);
    const swept = octavo('simulate', 'own.yaml', '--sweep', 'seed=1,2', '--json');
    assert.equal(swept.code, 0, swept.err);
  });

  it('reads a recording into a heat file, and reports it', () => {
    const recording = join(ROOT, 'test/fixtures/perf/drawn/drawn-0.data');
    const imported = octavo('import', recording, '--json');
    assert.equal(imported.code, 0, imported.err);
    assert.ok(JSON.parse(imported.out).samples > 0);
  });

  it('is a library: the example of its page runs as it stands', () => {
    const page = readFileSync(join(user, 'node_modules/octavo/docs/library.md'), 'utf8');
    const example = /```js\n(.*?)```/s.exec(page)?.[1] ?? '';
    writeFileSync(join(user, 'example.mjs'), example);
    const recording = join(ROOT, 'test/fixtures/perf/drawn/drawn-1.data');
    const shown = run(user, process.execPath, 'example.mjs', recording, String(process.pid));
    assert.equal(shown.code, 0, shown.err);
    assert.match(shown.out, /^\d+ samples of accesses$/m);
    assert.match(shown.out, /^left alone: \d+ blocks, since /m);
    const gone = run(user, process.execPath, 'example.mjs', recording, String(2 ** 30));
    assert.equal(gone.code, 4, gone.out);
    assert.match(gone.err, /^TARGET_GONE /);
  });

  it('has types, and they are of what there is', () => {
    const typed = [
      "import { decide, readHeat, type HotMap, type Decision } from 'octavo';",
      'export async function first(path: string): Promise<Decision[]> {',
      '  const { maps } = await readHeat([path], { pids: [1] });',
      '  const map: HotMap | undefined = maps[0];',
      '  // @ts-expect-error a hot map has no such thing',
      '  map?.nosuch;',
      "  return [...decide('chain', { sizes: undefined as never }).decisions];",
      '}',
    ].join('\n');
    writeFileSync(join(user, 'typed.mts'), typed);
    const tsc = join(clone, 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--module', 'NodeNext', '--target', 'ES2023', '--types', ''];
    const checked = run(user, process.execPath, tsc, ...options, 'typed.mts');
    assert.equal(checked.code, 0, checked.out);
  });
});

const SCENARIO = `octavo: scenario
version: 1
about: two quick runs
duration: 100ms
host: { cpu: zen3, memory: 256MiB }
processes:
  - name: one
    workload: gups
    with: { size: 16MiB }
`;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
