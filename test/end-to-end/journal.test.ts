/** The journal on a live target: damage in one run, a full disk, and who undid a split. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { MapAnswer } from '../../demo/protocol.js';
import type { Verdict } from '../../src/vocabulary/plan.js';
import { skipUnlessLive } from '../live/abilities.js';
import type { WorkloadClient } from '../live/workload-client.js';
import { BAD_INPUT, DONE, type Failure, type JournalDocument, type RunDocument } from './documents.js';
import { addressRange, blockAddress, hugeBlocks, hugeRegion, MIB, quietWorkload } from './live-target.js';
import { MAIN, OctavoRunner } from './octavo.js';

const NAME = 'journalled';
const BLOCKS = 24;

interface Damaged {
  readonly damaged: readonly { readonly run: string }[];
}

describe('the journal of a live target', { skip: skipUnlessLive() }, () => {
  let octavo: OctavoRunner;
  let workload: WorkloadClient;
  let region: MapAnswer;

  beforeEach(async () => {
    octavo = new OctavoRunner();
    workload = await quietWorkload();
    region = await hugeRegion(workload, NAME, BLOCKS * 2 * MIB);
  });

  afterEach(async () => {
    await workload.end();
    octavo.remove();
  });

  const pid = () => String(workload.pid);
  const split = (block: number, more: readonly string[] = []) => [
    ...['run', pid(), '--split', blockAddress(region, block), '--actuator', 'madvise'],
    ...more,
  ];
  const files = () =>
    new Map(
      readdirSync(octavo.path('state'), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.includes('.'))
        .map((name) => [name, readFileSync(octavo.path(`state/${name}`), 'latin1')]),
    );

  it('one flipped bit stops nothing else, and is named by all', async () => {
    const first = await octavo.json<RunDocument>(split(0));
    const second = await octavo.json<RunDocument>(split(1));
    const path = octavo.path(`state/runs/${first.run}/journal.jsonl`);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] ^= 4;
    writeFileSync(path, bytes);
    const third = await octavo.json<RunDocument & Damaged>(split(2));
    assert.deepEqual(
      third.damaged.map(({ run }) => run),
      [first.run],
    );
    const undone = await octavo.json<RunDocument & Damaged>(['undo', String(second.run)]);
    assert.deepEqual([undone.how, undone.damaged.map(({ run }) => run)], ['complete', [first.run]]);
    const listed = await octavo.run(['runs']);
    assert.equal(listed.code, DONE);
    assert.match(listed.stdout, new RegExp(`${first.run} +damaged`));
    assert.match(
      listed.stdout,
      new RegExp(`mv \\S+/state/runs/${first.run} \\S+/state/${first.run}.damaged`),
    );
    for (const words of [
      ['undo', String(first.run)],
      ['runs', String(first.run)],
    ]) {
      const refused = await octavo.json<Failure>(words, [BAD_INPUT]);
      assert.equal(refused.code, 'JOURNAL_DAMAGED');
    }
  });

  it('looking at it writes nothing, also while a run is unfinished', async () => {
    await octavo.json(['run', pid(), '--split', addressRange(region), '--actuator', 'madvise']);
    const [run] = octavo.runs();
    const path = octavo.path(`state/runs/${run}/journal.jsonl`);
    const whole = readFileSync(path, 'utf8');
    // As a kill in the middle of its last verdicts leaves it.
    const end = whole.lastIndexOf('\n', whole.length - 2);
    writeFileSync(
      path,
      whole.slice(0, whole.lastIndexOf('\n', end - 1) + 20).replace(/"pid":\d+/, (text) => text),
    );
    const before = files();
    for (const words of [
      ['runs'],
      ['runs', run],
      ['runs', '--all', '--json'],
      ['undo', run, '--dry-run'],
      ['plan', pid()],
      split(0, ['--dry-run']),
    ])
      assert.equal((await octavo.run(words)).code, DONE, words.join(' '));
    assert.deepEqual(files(), before);
    const { state, verdicts } = await octavo.json<JournalDocument>(['runs', run]);
    assert.deepEqual(
      [state, verdicts.filter(({ outcome }) => outcome === 'met').length],
      ['unfinished', BLOCKS],
    );
    await octavo.json(['undo', run]);
    assert.ok(hugeBlocks(workload.pid, region).every(Boolean));
  });

  it('memory that the process faulted anew is its own doing; an undo is Octavo’s; neither is held against the block', async () => {
    const first = await octavo.json<RunDocument>(split(3));
    await octavo.json(['undo', String(first.run)]);
    const taken = await octavo.json<JournalDocument>(['runs', String(first.run)]);
    assert.equal(taken.verdicts[0].by?.who, 'octavo');
    const second = await octavo.json<RunDocument>(split(3));
    const from = 3 * (region.blockBytes / region.pageBytes);
    const block = { name: NAME, from, pages: region.blockBytes / region.pageBytes };
    await workload.ask('advise', { ...block, advice: 'MADV_HUGEPAGE' });
    await workload.ask('advise', { ...block, advice: 'MADV_DONTNEED' });
    await workload.ask('touch', { ...block, write: true });
    assert.ok(hugeBlocks(workload.pid, region)[3]);
    const third = await octavo.json<RunDocument>(split(3));
    assert.equal(third.verdicts[0].outcome, 'met', 'what is asked for by name is done');
    const { verdicts } = await octavo.json<JournalDocument>(['runs', String(second.run)]);
    assert.equal(verdicts[0].outcome, 'undone-since');
    // On a busy host khugepaged may have collapsed as much elsewhere meanwhile: then nobody is blamed.
    assert.ok(['process', 'unknown'].includes(whoOf(verdicts[0])), verdicts[0].why);
  });

  it('on a disk that fills up in mid-run what was done is told, listed and taken back', {
    skip: skipUnlessMounts(),
  }, async () => {
    const large = await hugeRegion(workload, 'large', 96 * 2 * MIB);
    const state = octavo.path('full');
    const script = `
      mkdir -p ${state} && mount -t tmpfs -o size=512k tmpfs ${state} || exit 99
      octavo() { "${process.execPath}" "${MAIN}" "$@" --state ${state}; }
      fill() {
        until [ "$(cat ${state}/runs/*/journal.jsonl 2>/dev/null | wc -l)" -gt 4 ]; do sleep 0.01; done
        head -c 1000000 /dev/zero > ${state}/ballast 2>/dev/null
      }
      fill &
      octavo run ${pid()} --split ${addressRange(large)} --actuator madvise --lock-share 0.002; echo "run: $?"
      octavo runs; echo "runs: $?"
      rm ${state}/ballast
      octavo undo $(ls ${state}/runs | head -1); echo "undo: $?"
      octavo runs; echo "runs: $?"
    `;
    const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script], { encoding: 'utf8' });
    const told = stdout + stderr;
    assert.match(told, /stopped \(cannot write .*journal.jsonl: ENOSPC\)/, told);
    assert.match(told, /Make room on the disk first, then take it back with: octavo undo/);
    assert.match(told, /run: 3\n[\s\S]*runs: 0\n[\s\S]*undo: 0\n[\s\S]*runs: 0/, told);
    assert.ok(hugeBlocks(workload.pid, large).every(Boolean), told);
  });
});

function whoOf({ by }: Verdict): string {
  return by?.who ?? 'nobody';
}

/** A disk is filled in a mount namespace of its own, which only root can make. */
function skipUnlessMounts(): false | string {
  const tried = spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs -o size=16k tmpfs /mnt'], {
    encoding: 'utf8',
  });
  return tried.status === 0 ? false : `no mount namespace: ${tried.stderr?.trim() || tried.error?.message}`;
}
