// Which test files reach which places of the compiled code: marks of our own for tests that run inside one process, for each
// test by itself; V8's own coverage, ranges of character offsets, for test files that start programs.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTest } from './sandbox.mjs';

const SLOWEST_MS = 15 * 60_000;

/**
 * Runs a test file once: `{ ms, outcome, how, … }`. Inside the process of `inside` where that goes, with the marks of each of its
 * tests (`always` and `tests`, see inside.mjs); else, and where it starts programs itself, as a process of its own, with `ranges`
 * by source file, a flat list start, end, start, end …
 */
export async function reachOf(sandbox, file, inside) {
  const ran = inside && (await inside.run({ file, coverage: true }, SLOWEST_MS));
  if (ran?.outcome === 'passed') return { outcome: 'passed', ms: ran.ms, ...ran.result, how: 'inside' };
  const folder = mkdtempSync(join(tmpdir(), 'octavo-reach-'));
  try {
    const { outcome, ms } = await runTest(sandbox, file, SLOWEST_MS, { NODE_V8_COVERAGE: folder });
    const reached = new Map();
    for (const name of readdirSync(folder)) addReport(sandbox, reportOf(join(folder, name)), reached);
    const ranges = Object.fromEntries([...reached].map(([path, one]) => [path, one.flat()]));
    return { ms, outcome, ranges, how: 'process' };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function addReport(sandbox, report, reached) {
  for (const { url, functions } of report) {
    if (!url.startsWith('file://')) continue;
    const file = relative(sandbox.folder, fileURLToPath(url));
    if (!file.startsWith('dist/src/') || file.endsWith('.test.js')) continue;
    reached.set(file, union(reached.get(file) ?? [], ranRanges(functions)));
  }
}

/** A process that was killed while it wrote leaves a file that is cut off: it tells nothing. */
function reportOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).result;
  } catch (problem) {
    if (problem instanceof SyntaxError) return [];
    throw problem;
  }
}

/** Ranges that ran: each function's ranges are nested, the innermost one that holds a place tells its count. */
function ranRanges(functions) {
  const edges = functions
    .flatMap(({ ranges }) => ranges)
    .sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const ran = [];
  const open = [];
  let at = 0;
  const upTo = (offset) => {
    if (offset > at && open.length > 0 && open.at(-1).count > 0) ran.push([at, offset]);
    at = Math.max(at, offset);
  };
  const close = () => {
    upTo(open.at(-1).endOffset);
    open.pop();
  };
  for (const edge of edges) {
    while (open.length > 0 && open.at(-1).endOffset <= edge.startOffset) close();
    upTo(edge.startOffset);
    open.push(edge);
  }
  while (open.length > 0) close();
  return union([], ran);
}

/** Sorted, joined ranges of both lists. */
function union(a, b) {
  const all = [...a, ...b].sort((x, y) => x[0] - y[0]);
  const joined = [];
  for (const [start, end] of all) {
    const last = joined.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}

/** Whether a flat list of ranges holds the place. */
export function reaches(ranges, start) {
  if (ranges === undefined) return false;
  for (let i = 0; i < ranges.length; i += 2) if (ranges[i] <= start && start < ranges[i + 1]) return true;
  return false;
}
