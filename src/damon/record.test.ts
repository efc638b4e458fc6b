import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statLine, writtenHost } from '../../test/support/written-host.js';
import { KDAMONDS } from './kernel-files.js';
import {
  putBack,
  readRecord,
  recordPath,
  recoverLeftover,
  type SessionRecord,
  writeRecord,
} from './record.js';

const DEAD = { pid: 9, startTicks: 5, bootId: 'boot-1' };
const RECORD: SessionRecord = {
  ...{ octavo: 'damon-session', version: 1, holder: DEAD, slot: 0, grew: true },
  ...{ refreshMs: null, targets: [77, 78], kdamond: 31 },
};
const FOLDER = `${KDAMONDS}/0`;

/** The tree as a session left it. */
function left(more: Record<string, string | undefined> = {}, record: Partial<SessionRecord> = {}) {
  const files: Record<string, string | undefined> = {
    [`${KDAMONDS}/nr_kdamonds`]: '1\n',
    [`${FOLDER}/state`]: 'on\n',
    [`${FOLDER}/pid`]: '31\n',
    [`${FOLDER}/contexts/nr_contexts`]: '1\n',
    [`${FOLDER}/contexts/0/targets/nr_targets`]: '2\n',
    [`${FOLDER}/contexts/0/targets/0/pid_target`]: '77\n',
    [`${FOLDER}/contexts/0/targets/1/pid_target`]: '78\n',
    ...more,
  };
  const there = Object.entries(files).flatMap(([path, text]) => (text === undefined ? [] : [[path, text]]));
  const world = writtenHost(Object.fromEntries(there));
  writeRecord(world.host, { ...RECORD, ...record });
  return world;
}

const short = (writes: readonly string[]) => writes.map((line) => line.replace(`${KDAMONDS}/`, ''));

test('a tree that had no slot has none again; one that had is emptied and set as found', async () => {
  const grown = left();
  assert.equal(await recoverLeftover(grown.host), 'put back');
  assert.deepEqual(short(grown.writes), ['0/state = off', 'nr_kdamonds = 0']);
  assert.equal(readRecord(grown.host), undefined);
  const used = left({ [`${KDAMONDS}/nr_kdamonds`]: '5\n' }, { grew: false, refreshMs: '100' });
  assert.equal(await recoverLeftover(used.host), 'put back');
  assert.deepEqual(short(used.writes), ['0/state = off', '0/contexts/nr_contexts = 0', '0/refresh_ms = 100']);
  const plain = left({ [`${FOLDER}/state`]: 'off\n' }, { grew: false });
  await recoverLeftover(plain.host);
  assert.deepEqual(short(plain.writes), ['0/contexts/nr_contexts = 0']);
});

test('what is still one’s own: nothing set up yet, pids not yet written, fewer targets, a thread that ended', async () => {
  const targets = `${FOLDER}/contexts/0/targets`;
  for (const [at, more] of [
    { [`${FOLDER}/contexts/nr_contexts`]: '0\n', [`${FOLDER}/pid`]: '99\n' },
    { [`${targets}/0/pid_target`]: '0\n' },
    { [`${targets}/1/pid_target`]: undefined },
    { [`${targets}/0/pid_target`]: undefined, [`${targets}/1/pid_target`]: undefined },
    { [`${FOLDER}/pid`]: '-1\n' },
    { [`${FOLDER}/pid`]: '0\n' },
    { [`${FOLDER}/pid`]: undefined },
    // The tree is empty again: writing 0 once more does no harm.
    { [`${FOLDER}/contexts/nr_contexts`]: undefined, [`${KDAMONDS}/nr_kdamonds`]: '0\n' },
  ].entries())
    assert.equal(await recoverLeftover(left(more).host), 'put back', `case ${at}`);
  const unstarted = left({ [`${FOLDER}/pid`]: '99\n' }, { kdamond: null });
  assert.equal(await recoverLeftover(unstarted.host), 'put back');
});

test('what somebody else set up since is left alone', async () => {
  const targets = `${FOLDER}/contexts/0/targets`;
  for (const [at, more] of [
    { [`${KDAMONDS}/nr_kdamonds`]: '2\n' },
    { [`${FOLDER}/pid`]: '32\n' },
    { [`${FOLDER}/pid`]: '1\n' },
    { [`${targets}/2/pid_target`]: '0\n' },
    { [`${targets}/0/pid_target`]: '5\n' },
    { [`${targets}/1/pid_target`]: '77\n' },
    { [`${targets}/1/pid_target`]: undefined, [`${targets}/1/obsolete_target`]: 'N\n' },
  ].entries()) {
    const world = left(more);
    assert.equal(await recoverLeftover(world.host), 'changed by others since', `case ${at}`);
    assert.deepEqual(world.writes, []);
    assert.equal(readRecord(world.host), undefined);
  }
  const gone = left({ [`${FOLDER}/contexts/nr_contexts`]: undefined }, { grew: false });
  assert.equal(await putBack(gone.host, { ...RECORD, grew: false }), false);
});

test('a living session is left running, and one of another boot is only forgotten', async () => {
  const living = left({ '/proc/9/stat': statLine(9, 5) });
  assert.equal(await recoverLeftover(living.host), 'still running');
  assert.deepEqual([living.writes, readRecord(living.host)?.slot], [[], 0]);
  const old = left({}, { holder: { ...DEAD, bootId: 'boot-0' } });
  assert.equal(await recoverLeftover(old.host), 'gone with the boot');
  assert.deepEqual([old.writes, readRecord(old.host)], [[], undefined]);
  assert.equal(await recoverLeftover(writtenHost({}).host), 'none');
});

test('a record that is damaged or of another kind is none', async () => {
  const { host, files } = writtenHost({});
  const stored = (value: unknown) => {
    files.set(recordPath(host), typeof value === 'string' ? value : JSON.stringify(value));
    return readRecord(host);
  };
  assert.deepEqual(stored(RECORD), RECORD);
  assert.deepEqual(stored({ ...RECORD, refreshMs: '5', kdamond: null })?.refreshMs, '5');
  for (const damage of [
    { octavo: 'other' },
    { version: 2 },
    { holder: { pid: 1 } },
    { slot: 0.5 },
    { grew: 1 },
    { refreshMs: 5 },
    { kdamond: '31' },
    { targets: 7 },
    { targets: [1, 'x'] },
  ])
    assert.equal(stored({ ...RECORD, ...damage }), undefined, JSON.stringify(damage));
  for (const text of ['', 'null', '7', '{"octavo"', '[]']) assert.equal(stored(text), undefined, text);
});
