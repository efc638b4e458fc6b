/** A look that was interrupted in its middle: 130, nothing of it given out, nothing written, DAMON as found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelStage } from '../../test/conformance/model-stage.js';
import { QUIET, withThp } from '../../test/conformance/thp-stage.js';
import { terminalOn } from '../../test/support/terminal.js';
import { KDAMONDS } from '../damon/kernel-files.js';
import type { Host } from '../host/host.js';
import { EXIT } from '../vocabulary/errors.js';

/** Two processes with huge pages. Each read of a process's maps or memory is counted; the stop comes at one of them. */
async function interrupted(at: number, wordsFor: (pid: number) => string[], reason: unknown = 'SIGTERM') {
  const stage = modelStage('7.3', () => undefined);
  return withThp(stage.host, { enabled: 'always', ...QUIET }, async () => {
    const workloads = [await stage.startWorkload(), await stage.startWorkload()];
    for (const workload of workloads) await workload.touch(await workload.map(8, 'anon'), 1);
    const stop = new AbortController();
    let reads = 0;
    const host = watched(stage.host, () => {
      if (++reads === at) stop.abort(reason);
    });
    const { run, out, err } = terminalOn(host, { signal: stop.signal });
    const code = await run(wordsFor(workloads[0].pid));
    const kdamonds = stage.host.files.readText(`${KDAMONDS}/nr_kdamonds`);
    const plan = stage.host.files.status('/tmp/plan.json').ok;
    return { reads, out: out(), err: err(), code, plan, kdamonds: kdamonds.ok && kdamonds.value.trim() };
  });
}

/** The same host, which tells of every look at a process, and of every wait. */
function watched(host: Host, tell: () => void): Host {
  const looks = /^\/proc\/\d+\/(maps|smaps)$/;
  return {
    files: heard(host.files, 'readText', (path) => looks.test(String(path)) && tell()),
    clock: heard(host.clock, 'sleep', tell),
    calls: host.calls,
    random: host.random,
    identity: host.identity,
  };
}

/** `object` with a listener before one of its methods. */
function heard<Kind extends object>(object: Kind, name: keyof Kind, listen: (first: unknown) => void): Kind {
  return new Proxy(object, {
    get(target, asked) {
      const found = Reflect.get(target, asked);
      if (typeof found !== 'function') return found;
      return (...given: unknown[]) => {
        if (asked === name) listen(given[0]);
        return found.apply(target, given);
      };
    },
  });
}

const LOOKS: readonly (readonly [name: string, words: (pid: number) => string[]])[] = [
  ['plan', (pid) => ['plan', `${pid}`, '--out', '/tmp/plan.json']],
  ['plan of everything', () => ['plan', 'all', '--out', '/tmp/plan.json']],
  ['plan by DAMON', (pid) => ['plan', `${pid}`, '--source', 'damon-regions', '--out', '/tmp/plan.json']],
  ['inspect', (pid) => ['inspect', `${pid}`, '--content', 'all']],
  ['inspect of everything', () => ['inspect', 'all']],
  ['survey', () => ['survey', '--budget', '1m']],
  ['damon heatmap', (pid) => ['damon', 'heatmap', `${pid}`, '--for', '2s']],
  [
    'damon heatmap over time',
    (pid) => ['damon', 'heatmap', `${pid}`, '--for', '2s', '--every', '500ms', '--json'],
  ],
  ['run', (pid) => ['run', `${pid}`]],
  ['run again and again', (pid) => ['run', `${pid}`, '--every', '1s', '--json']],
];

for (const [name, words] of LOOKS) {
  test(`${name} gives out nothing of a look that was cut short`, async () => {
    for (const at of [1, 2]) {
      const { code, out, err, plan, kdamonds } = await interrupted(at, words);
      assert.equal(code, EXIT.interrupted, `${at}: ${err}${out}`);
      assert.match(err, /STOPPED: interrupted by SIGTERM before there was a result/);
      assert.doesNotMatch(out, /"steps"|zero-filled|drawn at random|"rows"/);
      assert.equal(plan, false, 'a plan was written');
      assert.equal(kdamonds, '0', 'DAMON is not as found');
    }
  });
}

test('with --json the failure is the only document', async () => {
  const { out } = await interrupted(1, (pid) => ['plan', `${pid}`, '--json']);
  const { octavo, code, exitCode } = JSON.parse(out);
  assert.deepEqual([octavo, code, exitCode], ['failure', 'STOPPED', 130]);
});

test('that nobody reads the output any more is not told to nobody', async () => {
  const { code, out, err } = await interrupted(1, (pid) => ['plan', `${pid}`, '--json'], 'EPIPE');
  assert.deepEqual([code, out, err], [EXIT.interrupted, '', '']);
});

test('turns that were told before are not called nothing', async () => {
  // The stop comes while the second turn looks: each turn of a dry run reads as often as the first.
  const first = await interrupted(Number.POSITIVE_INFINITY, (pid) => ['run', `${pid}`, '--dry-run']);
  const { code, err, out } = await interrupted(first.reads + 2, (pid) => [
    ...['run', `${pid}`, '--dry-run', '--every', '1s', '--json'],
  ]);
  assert.equal(code, EXIT.interrupted, err);
  assert.match(err, /STOPPED_MIDWAY: interrupted by SIGTERM; what was told before that holds/);
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([lines[0].octavo, lines.at(-1).code], ['dry-run', 'STOPPED_MIDWAY']);
});
