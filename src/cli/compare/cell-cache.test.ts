import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { CellJob } from '../../compare/cell-job.js';
import type { CellAnswer } from '../../compare/cell-run.js';
import { tableScenarios } from '../../compare/workload-table.js';
import { LinuxFiles } from '../../host/linux/files.js';
import { CellCache } from './cell-cache.js';

const files = new LinuxFiles();
const folder = mkdtempSync(join(tmpdir(), 'octavo-cells-'));
after(() => rmSync(folder, { recursive: true }));

const [{ scenario }] = tableScenarios();
const job = (seed: number): CellJob => ({
  scenario,
  contender: 'chain',
  seed,
  files: { texts: {}, traces: {} },
});
const answer = (why: string): CellAnswer => ({ kind: 'none', why });

function kept(directory: string, code: string, ...seeds: number[]): void {
  const cache = new CellCache(files, directory, code);
  for (const seed of seeds) cache.keep(job(seed), answer(`run ${seed}`));
  assert.equal(cache.problem, undefined);
  cache.close();
}

test('what was kept is known to the next, by all that it depends on', () => {
  const directory = join(folder, 'known');
  kept(directory, 'code', 1, 2);
  const next = new CellCache(files, directory, 'code');
  assert.deepEqual(next.get(job(1)), answer('run 1'));
  assert.deepEqual(next.get(job(2)), answer('run 2'));
  assert.equal(next.get(job(3)), undefined);
  assert.equal(next.get({ ...job(1), contender: 'never' }), undefined);
  assert.equal(next.get({ ...job(1), files: { texts: { heat: '0,1' }, traces: {} } }), undefined);
  assert.equal(
    next.get({ ...job(1), scenario: { ...scenario, duration: scenario.duration + 1 } }),
    undefined,
  );
  assert.equal(new CellCache(files, directory, 'other code').get(job(1)), undefined);
});

test('a torn line, and whatever else is in the file, is passed over', () => {
  const directory = join(folder, 'torn');
  kept(directory, 'code', 1);
  const path = join(directory, 'cells.jsonl');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, `null\n{"key":7}\n{"key":"x","answer":{"kind":"poem"}}\n${text}${text.slice(0, 30)}`);
  assert.deepEqual(new CellCache(files, directory, 'code').get(job(1)), answer('run 1'));
});

test('a file that has grown beyond its bound is cut to its newest half', () => {
  const directory = join(folder, 'grown');
  kept(directory, 'code', 1);
  const path = join(directory, 'cells.jsonl');
  const line = `{"key":"old","answer":{"kind":"none","why":"${'x'.repeat(2 ** 20)}"}}\n`;
  writeFileSync(path, line.repeat(33) + readFileSync(path, 'utf8'));
  assert.deepEqual(new CellCache(files, directory, 'code').get(job(1)), answer('run 1'));
  assert.ok(statSync(path).size < 18 * 2 ** 20);
  assert.deepEqual(new CellCache(files, directory, 'code').get(job(1)), answer('run 1'));
});

test('where nothing can be written cells are run all the same', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const cache = new CellCache(files, join(file, 'cells'), 'code');
  cache.keep(job(1), answer('x'));
  assert.match(cache.problem ?? '', /^E[A-Z]+$/);
  cache.keep(job(2), answer('y'));
  cache.close();
});
