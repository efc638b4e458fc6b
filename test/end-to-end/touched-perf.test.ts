/** Instructions of a real recording, named as perf names them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { octavo } from './in-process.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-names-'));
after(() => rmSync(directory, { recursive: true }));

const perf = (...words: readonly string[]) =>
  spawnSync('perf', words, { encoding: 'utf8', maxBuffer: 1 << 28, cwd: directory });

/** Least share of the samples whose names agree: aliases of one address are told by other rules. */
const LEAST = 0.95;

test('instructions have the symbols and offsets that perf script prints', async (context) => {
  const recording = join(directory, 'faults.data');
  const program = [process.execPath, '-e', 'Buffer.alloc(1 << 24, 1)'];
  const recorded = perf(
    'record',
    '-q',
    '-e',
    'page-faults:u',
    '-c',
    '1',
    '-d',
    '-o',
    recording,
    '--',
    ...program,
  );
  if (recorded.status !== 0) return context.skip(`perf record: ${recorded.stderr ?? recorded.error}`);
  const printed = perf('script', '-i', recording, '-F', 'ip,sym,symoff,dso', '--no-demangle');
  if (printed.status !== 0) return context.skip(`perf script: ${printed.stderr}`);
  const expected = new Map<string, number>();
  let all = 0;
  for (const line of printed.stdout.split('\n')) {
    const [, symbol, offset, file] = /^\s*[0-9a-f]+ (\S+)\+0x([0-9a-f]+) \((\/.*)\)$/.exec(line) ?? [];
    if (symbol === undefined) continue;
    const key = `${symbol}+${Number.parseInt(offset, 16)} ${file}`;
    expected.set(key, (expected.get(key) ?? 0) + 1);
    all++;
  }
  if (all < 100) return context.skip(`perf names ${all} samples only`);
  const { stdout, stderr } = await octavo(['import', recording, '--by', 'page', '--format', 'jsonl']);
  let agreed = 0;
  const others = new Map<string, number>();
  for (const line of stdout.trimEnd().split('\n')) {
    const row = JSON.parse(line);
    const key = `${row.symbol}+${row.symbol_offset_bytes} ${row.code_file}`;
    const left = expected.get(key) ?? 0;
    agreed += Math.min(left, row.samples);
    expected.set(key, Math.max(0, left - row.samples));
    if (left < row.samples) others.set(key, (others.get(key) ?? 0) + row.samples - left);
  }
  context.diagnostic(`${agreed} of ${all} samples are named alike`);
  const differing = `by perf only: ${most(expected)}; by Octavo only: ${most(others)}`;
  assert.ok(agreed >= LEAST * all, `${agreed} of ${all}: ${stderr}\n${differing}`);
});

/** The names that most samples have. */
function most(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].filter(([, count]) => count > 0).sort(([, left], [, right]) => right - left);
  return sorted
    .slice(0, 3)
    .map(([name, count]) => `${name} (${count})`)
    .join(', ');
}
