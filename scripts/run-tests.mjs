// Runs test files in groups, one group after the other, and reports them as one run: one plan, one summary.
import { relative } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';

/** What node:test says of a whole run, as `# tests 12`. */
const TOTAL = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** Files that take so long are told, and at most so many of them. */
const SLOW_MS = 5000;
const MOST_SLOW = 20;

/**
 * Runs the groups and writes a report: TAP, or the readable one on a terminal. Returns whether all passed.
 *
 * @param {readonly {files: readonly string[], concurrency: number}[]} groups
 * @param {NodeJS.WriteStream} output
 */
export async function runTests(groups, output) {
  const outcome = { ok: true };
  const reporter = output.isTTY ? new spec() : tap;
  const report = Readable.from(eventsOf(groups, outcome)).compose(reporter);
  for await (const text of report) output.write(text);
  return outcome.ok;
}

async function* eventsOf(groups, outcome) {
  const totals = new Map();
  /** Milliseconds by file. */
  const times = new Map();
  let before = 0;
  for (const { files, concurrency } of groups) {
    if (files.length === 0) continue;
    let planned = 0;
    for await (const event of run({ files: [...files], concurrency })) {
      const { type, data } = event;
      if (type === 'test:fail' && data.todo === undefined) outcome.ok = false;
      if (/^test:(pass|fail)$/.test(type) && data.nesting === 0)
        times.set(data.file, (times.get(data.file) ?? 0) + data.details.duration_ms);
      if (type === 'test:summary') continue;
      const total = type === 'test:diagnostic' && data.nesting === 0 ? TOTAL.exec(data.message) : null;
      if (total !== null) totals.set(total[1], (totals.get(total[1]) ?? 0) + Number(total[2]));
      else if (type === 'test:plan' && data.nesting === 0) planned += data.count;
      else yield data?.nesting === 0 && data.testNumber !== undefined ? numbered(event, before) : event;
    }
    before += planned;
  }
  yield { type: 'test:plan', data: { nesting: 0, count: before } };
  for (const message of slowest(times))
    yield { type: 'test:diagnostic', data: { nesting: 0, message, level: 'info' } };
  for (const [name, value] of totals)
    yield { type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${value}`, level: 'info' } };
}

/** The files that took longest, for those who want to shorten the run. */
function slowest(times) {
  const sorted = [...times].filter(([, ms]) => ms >= SLOW_MS).sort(([, one], [, other]) => other - one);
  return sorted
    .slice(0, MOST_SLOW)
    .map(([file, ms]) => `slow: ${(ms / 1000).toFixed(1)} s ${relative(process.cwd(), file)}`);
}

/** A test of a later group counts on from those before it. */
function numbered({ type, data }, before) {
  return { type, data: { ...data, testNumber: data.testNumber + before } };
}
