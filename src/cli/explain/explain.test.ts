/** `octavo explain`: of blocks and targets, alive and gone, by the journal and by the page tables. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HistoryHost, observed } from '../../../test/support/history-host.js';
import { PID, ScriptedHost } from '../../../test/support/scripted-host.js';
import { terminalOn } from '../../../test/support/terminal.js';
import { History } from '../../history/history.js';
import { ERRORS, EXIT } from '../../vocabulary/errors.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { documentProblem } from '../documents.js';
import { parseSubject } from './subject.js';

const FIRST = '0x7d000000';
const SECOND = '0x7d200000';

async function said(host: ScriptedHost | HistoryHost, ...words: string[]) {
  const terminal = terminalOn(host);
  const code = await terminal.run(words);
  return { code, out: terminal.out(), err: terminal.err() };
}

/** A host whose process is found by its name. */
function listed(blocks: ConstructorParameters<typeof ScriptedHost>[0]): ScriptedHost {
  const host = new ScriptedHost(blocks);
  host.write(`/proc/${PID}/comm`, 'db');
  return host;
}

/** Two huge blocks of which the first was split; pages of it are zero-filled and went back. */
async function splitOne() {
  const host = listed([{ order: 9, zeroes: 100 }, 9, 0]);
  const run = await said(host, 'run', String(PID), '--split', FIRST, '--json');
  assert.equal(run.code, EXIT.done, run.err);
  return { host, run: (JSON.parse(run.out) as { run: string }).run };
}

describe('a block', () => {
  test('that a run split: how it is, what was tried, and what it gained', async () => {
    const { host, run } = await splitOne();
    const { code, out } = await said(host, 'explain', `${PID}:${FIRST}`);
    assert.equal(code, EXIT.done);
    assert.match(out, /^Process 100 \(db\)\nBlock 0x7d000000 in an anonymous mapping/);
    assert.match(out, /412 sub-pages present, mapped by PTE\n/);
    assert.match(out, /khugepaged may collapse it|khugepaged leaves it alone/);
    assert.ok(out.includes(`Octavo made it so in run ${run}, by a split: `), out);
    assert.match(out, /What was tried, the newest first:\n2023-11-14 .* split to order 0 by named-blocks/);
    assert.match(out, /predicted to give back unknown; the kernel answered: /);
    assert.match(out, / {4}met: mapped as order 0 now.*, gave back 400 KiB\n|met: .*gave back 400 KiB/);
  });

  test('an address alone means the process that runs acted on, any address in the block the block', async () => {
    const { host } = await splitOne();
    const whole = await said(host, 'explain', `${PID}:${FIRST}`);
    for (const subject of ['0x7d000000', '0x7d001234', `block:${0x7d000000 / 2 ** 21}`, `${PID}:block:1000`])
      assert.equal((await said(host, 'explain', subject)).out, whole.out, subject);
    const none = await said(host, 'explain', SECOND);
    assert.equal(none.code, EXIT[ERRORS.BLOCK_UNKNOWN.exit]);
    assert.match(none.err, /no run that is kept acted on a block at 0x7d200000/);
  });

  test('that nobody acted on', async () => {
    const { host } = await splitOne();
    const huge = await said(host, 'explain', `${PID}:${SECOND}`);
    assert.match(huge.out, /huge page already/);
    assert.match(huge.out, /A page fault or khugepaged made it huge: Octavo has not acted on it\./);
    assert.match(huge.out, /\nNothing was tried\./);
    const small = await said(host, 'explain', `${PID}:0x7d400000`);
    assert.match(small.out, /\nOctavo has not acted on it\.\n/);
  });

  test('that came back, or was undone by somebody', async () => {
    const { host, run } = await splitOne();
    host.blocks[0].present = 462;
    const back = await said(host, 'explain', `${PID}:${FIRST}`, '--json');
    const document = JSON.parse(back.out);
    assert.equal(documentProblem(document), '');
    assert.equal(document.cameBackBytes, 50 * 4096);
    assert.equal(document.tried.length, 1);
    assert.equal(document.now.state.present, 462);
    host.blocks[0].order = 9;
    host.blocks[0].present = 512;
    const seen = await said(host, 'explain', `${PID}:${FIRST}`);
    assert.ok(seen.out.includes(`It is not as Octavo left it in run ${run} (split)`), seen.out);
    await said(host, 'run', String(PID), '--source', 'smaps');
    const told = await said(host, 'explain', `${PID}:${FIRST}`);
    assert.match(
      told.out,
      /What Octavo did to it in run \S+ was undone: the kernel \(khugepaged\) collapsed it again/,
    );
    assert.match(told.out, / {4}undone-since: the kernel \(khugepaged\)/);
    assert.match(told.out, /Left alone for now: the kernel collapsed it again once after a split/);
  });

  test('of a process that is gone, and of one that has its pid now', async () => {
    const { host } = await splitOne();
    host.startTicks++;
    const other = await said(host, 'explain', `${PID}:${FIRST}`);
    assert.match(other.out, /\nNothing was tried\./);
    host.alive = false;
    const gone = await said(host, 'explain', `${PID}:${FIRST}`);
    assert.equal(gone.code, EXIT.done);
    assert.match(gone.out, /^Block 0x7d000000 of process 100, as it was: process 100 has ended\n/);
    assert.match(gone.out, /met: /);
    const never = await said(host, 'explain', `${PID}:${SECOND}`);
    assert.equal(never.code, EXIT[ERRORS.TARGET_GONE.exit]);
    const document = JSON.parse((await said(host, 'explain', `${PID}:${FIRST}`, '--json')).out);
    assert.equal(documentProblem(document), '');
    assert.equal(document.now, null);
  });

  test('that is in no mapping, or no address', async () => {
    const { host } = await splitOne();
    for (const [subject, code] of [
      [`${PID}:0x1000`, 'ADDRESS_UNMAPPED'],
      [`${PID}:somewhere`, 'ADDRESS_SYNTAX'],
      ['0xxyz', 'ADDRESS_SYNTAX'],
    ] as const) {
      const { code: exit, err } = await said(host, 'explain', subject);
      assert.equal(exit, EXIT[ERRORS[code].exit], subject);
      assert.ok(err.includes(code), err);
    }
  });

  test('that was refused', async () => {
    const host = new ScriptedHost([9, 9]);
    await said(host, 'run', String(PID), '--split', `${FIRST}`, '--split', SECOND, '--max-blocks', '1');
    const { out } = await said(host, 'explain', `${PID}:${SECOND}`);
    assert.match(out, /\nWhat was left alone:\n2023-.* run \S+: budget-blocks, /);
  });
});

describe('a target', () => {
  test('by pid and by name: what is not huge, what was tried, what it gained', async () => {
    const { host, run } = await splitOne();
    for (const subject of [String(PID), 'db']) {
      const { code, out } = await said(host, 'explain', subject);
      assert.equal(code, EXIT.done, out);
      assert.match(out, new RegExp(`^${subject}: 1 process\\n`));
      assert.match(out, /Process 100 \(db\): [\d.]+ MiB resident, 2 MiB of it huge\n/);
      assert.match(out, / {4}\d blocks? not huge \(.*\): .*; such as 100:0x7d[04]00000\n/);
      assert.match(out, /\n1 run tried 1 step: 1 met\n {4}2023-.* split in 100: /);
    }
    const document = JSON.parse((await said(host, 'explain', 'db', '--json')).out);
    assert.equal(documentProblem(document), '');
    assert.equal(document.runs[0].run, run);
    assert.equal(document.tried[0].verdicts[0].outcome, 'met');
  });

  test('that no run was of', async () => {
    const { out } = await said(listed([9]), 'explain', 'db');
    assert.match(out, /No run that is kept is of it\./);
    assert.doesNotMatch(out, /predicted|last day/);
  });

  test('that is only in the history', async () => {
    const host = new HistoryHost();
    host.disk.set('/proc/version', Buffer.from('Linux'));
    const history = History.open(host.place);
    const values = { hugeBytes: 2 ** 30, predictedBytes: 2 ** 20, returnedBytes: 2 ** 19 };
    history.append([observed('redis.service', values, { notes: ['pressure'], state: 'stopped' })]);
    const { code, out } = await said(host, 'explain', 'redis.service');
    assert.equal(code, EXIT.done);
    assert.match(out, /^redis\.service: no process of it lives\n/);
    assert.match(
      out,
      /The last day \(1 turn, policy octavo, at worst stopped\): huge 1 GiB, predicted 1 MiB, returned 512 KiB, came back -, refused -\n {4}pressure\n/,
    );
    host.pass(2 * 86_400_000);
    const unknown = await said(host, 'explain', 'redis.service');
    assert.equal(unknown.code, EXIT[ERRORS.SUBJECT_UNKNOWN.exit]);
  });

  test('that is nothing, or gone', async () => {
    const host = listed([9]);
    assert.match((await said(host, 'explain', 'nginx')).err, /SUBJECT_UNKNOWN/);
    assert.match((await said(host, 'explain', '77')).err, /TARGET_GONE|SUBJECT_UNKNOWN/);
    assert.match((await said(host, 'explain', 'a/b')).err, /TARGET_SYNTAX/);
  });
});

test('subjects', () => {
  const parse = (word: string) => parseSubject(word, GEOMETRY_4K);
  assert.deepEqual(parse('0x200000'), { kind: 'page', page: 512, pid: undefined });
  assert.deepEqual(parse('12:0x201000'), { kind: 'page', page: 513, pid: 12 });
  assert.deepEqual(parse('12:2097152'), { kind: 'page', page: 512, pid: 12 });
  assert.deepEqual(parse('block:3'), { kind: 'page', page: 1536, pid: undefined });
  assert.deepEqual(parse('12:block:3'), { kind: 'page', page: 1536, pid: 12 });
  for (const word of ['12', 'redis', 'cgroup:/a', 'comm:12', 'block:x'])
    assert.deepEqual(parse(word), { kind: 'target', word });
});
