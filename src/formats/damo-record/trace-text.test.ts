import assert from 'node:assert/strict';
import { test } from 'node:test';
import { damoKind } from './region.js';
import { parseDamonTrace } from './trace-text.js';

const TRACEFS = `# tracer: nop
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
       kdamond.0-4711    [002] .....   100.500000: damon_aggregated: target_id=0 nr_regions=2 4096-8192: 3 7
       kdamond.0-4711    [002] .....   100.500001: damon_aggregated: target_id=0 nr_regions=2 8192-12288: 0 9
       kdamond.1-4712    [003] .....   100.600000: damon_aggregated: target_id=0 nr_regions=1 4096-8192: 5
`;
const TRACE_CMD =
  'cpus=4\n kdamond.0-4711  [002]   100.500000: damon_aggregated: target_id=0 nr_regions=1 4096-8192: 3 7\n';

test('regions of tracefs and trace-cmd, targets of each kdamond apart', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  assert.equal(damoKind(bytes(TRACEFS)), 'trace');
  assert.equal(damoKind(bytes(TRACE_CMD)), 'trace');
  assert.deepEqual(parseDamonTrace(TRACEFS), [
    { target: '4711/0', endNs: 100_500_000_000, start: 4096, end: 8192, accesses: 3, age: 7 },
    { target: '4711/0', endNs: 100_500_001_000, start: 8192, end: 12288, accesses: 0, age: 9 },
    { target: '4712/0', endNs: 100_600_000_000, start: 4096, end: 8192, accesses: 5, age: undefined },
  ]);
  assert.equal(parseDamonTrace(TRACE_CMD).length, 1);
});

test('a trace cut at any byte gives the regions before the cut', () => {
  const whole = parseDamonTrace(TRACEFS);
  for (let length = 0; length < TRACEFS.length; length++) {
    const found = parseDamonTrace(TRACEFS.slice(0, length));
    assert.ok(found.length <= whole.length);
    assert.deepEqual(found.slice(0, -1), whole.slice(0, Math.max(0, found.length - 1)));
  }
});
