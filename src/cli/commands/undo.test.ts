import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelStage } from '../../../test/conformance/model-stage.js';
import { QUIET, withThp } from '../../../test/conformance/thp-stage.js';

/** A model with two huge blocks of a workload, both split by a run. */
async function splitTwo() {
  const stage = modelStage('7.3', () => undefined);
  const workload = await stage.startWorkload();
  const range = await workload.map(2, 'anon');
  await withThp(stage.host, { enabled: 'always', ...QUIET }, () => workload.touch(range, 1));
  const address = (page: number) => `0x${(page * 4096).toString(16)}`;
  const blocks = ['--split', `${address(range.start)}-${address(range.end)}`];
  const done = await stage.octavo(['run', String(workload.pid), ...blocks, '--json']);
  assert.equal(done.code, 0, done.err);
  return { stage, run: (JSON.parse(done.out) as { run: string }).run };
}

test('an undo that is refused says so and fails, instead of “nothing to take back”', async () => {
  const { stage, run } = await splitTwo();
  const refused = await stage.octavo(['undo', run, '--min-free', '9999G']);
  assert.equal(refused.code, 8);
  assert.match(refused.out, /Nothing was taken back: 2 blocks refused/);
  assert.match(refused.out, /\(--min-free\)/);
  assert.doesNotMatch(refused.out, /Nothing to take back/);
  const json = await stage.octavo(['undo', run, '--min-free', '9999G', '--json']);
  assert.equal(json.code, 8);
  assert.equal((JSON.parse(json.out) as { refused: unknown[] }).refused.length, 2);
});

test('the bounds of an undo are the command line’s; what is taken back cannot be taken back twice', async () => {
  const { stage, run } = await splitTwo();
  const undone = await stage.octavo(['undo', run, '--min-free', '0', '--lock-share', '50%', '--json']);
  assert.equal(undone.code, 0, undone.err);
  const { verdicts } = JSON.parse(undone.out) as { verdicts: { outcome: string }[] };
  assert.deepEqual(
    verdicts.map(({ outcome }) => outcome),
    ['met', 'met'],
  );
  const again = await stage.octavo(['undo', run]);
  assert.equal(again.code, 0);
  assert.match(again.out, /Nothing to take back/);
});

test('a part of an undo that is refused is no whole success', async () => {
  const { stage, run } = await splitTwo();
  const free = /free huge blocks\D+(\d+)/.exec((await stage.octavo(['doctor'])).out);
  assert.ok(free);
  const undone = await stage.octavo(['undo', run, '--min-free-blocks', String(Number(free[1]) - 1)]);
  assert.equal(undone.code, 7, undone.out);
});
