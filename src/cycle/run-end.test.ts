/** A lost index is made again from the last lines of journals; whatever else stands there is read whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, forgetOwner, place, planFor } from '../../test/support/turns.js';
import { success } from '../base/result.js';
import { identityOf } from '../verification/observe.js';
import { lookBack } from './aftermath.js';
import { readRun } from './journal.js';
import { bodyOf, lineOf, unpacked } from './journal-lines.js';
import { recoverRuns } from './recovery.js';
import { endedSummary } from './run-end.js';
import { RunIndex } from './run-index.js';
import { summaryOf } from './run-summary.js';

const journal = (run: string) => `/state/runs/${run}/journal.jsonl`;

async function oneRun(blocks = 2) {
  const host = new ScriptedHost(Array(blocks).fill(9));
  const split = Array.from({ length: blocks }, (_, block) => block);
  const { run } = await apply(host, await planFor(host, { split }));
  const text = host.texts.get(journal(run)) ?? '';
  return { host, run, text, lines: text.trimEnd().split('\n') };
}

const whole = (host: ScriptedHost, run: string) => {
  const read = readRun(place(host), run);
  return read && summaryOf(read);
};

/** The same line with another body, and a checksum that confirms it. */
function changed(line: string, change: (value: Record<string, unknown>) => unknown): string {
  const value = unpacked(bodyOf(line) ?? '') as Record<string, unknown>;
  return lineOf(JSON.stringify(change(value))).trimEnd();
}

test('the end of a run says what the whole journal says, and closes its file', async () => {
  const { host, run } = await oneRun();
  assert.equal(whole(host, run)?.met, 2);
  assert.deepEqual(endedSummary(place(host), run), whole(host, run));
  assert.equal(host.openFiles, 0);
});

test('what comes after the end says it too: who undid what', async () => {
  const { host, run } = await oneRun();
  host.blocks[1].order = 9;
  assert.equal(lookBack(place(host), [identityOf(host, PID)]).undone.length, 1);
  const summary = endedSummary(place(host), run);
  assert.equal(summary?.state, 'complete');
  assert.equal(
    Object.values(summary.undone).reduce((sum, count) => sum + count, 0),
    1,
  );
  assert.deepEqual(summary, whole(host, run));
});

test('a run that was settled after a crash ends so', async () => {
  const { host, run, lines } = await oneRun();
  host.write(journal(run), `${lines.slice(0, -2).join('\n')}\n`);
  forgetOwner(host);
  host.texts.delete('/state/runs.index');
  assert.equal(endedSummary(place(host), run), undefined);
  assert.deepEqual(
    recoverRuns(place(host)).recovered.map((one) => one.run),
    [run],
  );
  assert.equal(endedSummary(place(host), run)?.state, 'recovered');
  assert.deepEqual(endedSummary(place(host), run), whole(host, run));
});

test('no other last line is taken for the end of a run', async () => {
  const { host, run, text, lines } = await oneRun();
  const last = lines.at(-1) ?? '';
  const ending = (line: string) => `${[...lines.slice(0, -1), line].join('\n')}\n`;
  const packed = deflateRawSync('{').toString('base64');
  const rows: Record<string, string> = {
    'an end without a summary': ending(changed(last, ({ summary: _, ...rest }) => rest)),
    'a summary that is none': ending(changed(last, (value) => ({ ...value, summary: [1] }))),
    'a run that is not over': ending(
      changed(last, (value) => ({ ...value, summary: ['unfinished', ...(value.summary as []).slice(1)] })),
    ),
    'another record with a summary': ending(changed(last, (value) => ({ ...value, kind: 'verdicts' }))),
    'a body that is not JSON': ending(lineOf('{').trimEnd()),
    'a body that no dictionary of ours unpacks': ending(lineOf(`z${packed}`).trimEnd()),
    'a checksum that does not match': ending(last.replace('complete', 'completd')),
    'a torn line': text.slice(0, -1),
    'a torn line after the end': `${text}01234567 {`,
    'one line alone': `${last}\n`,
    nothing: '',
    'a line longer than what is read': ending(
      changed(last, (value) => ({ ...value, why: 'x'.repeat(8192) })),
    ),
  };
  for (const [name, journalText] of Object.entries(rows)) {
    host.write(journal(run), journalText);
    assert.equal(endedSummary(place(host), run), undefined, name);
    assert.equal(host.openFiles, 0, name);
  }
  host.write(journal(run), text);
  assert.ok(endedSummary(place(host), run));
});

test('a journal that cannot be opened, read or measured is read whole by others', async () => {
  const { host, run } = await oneRun();
  host.unreadable.set(journal(run), 'EACCES');
  assert.equal(endedSummary(place(host), run), undefined);
  host.unreadable.clear();
  const { status, open } = host.files;
  host.files.status = (path) => status(`${path}.other`);
  assert.equal(endedSummary(place(host), run), undefined);
  assert.equal(host.openFiles, 0, 'closed without a status');
  host.files.status = status;
  for (const [least, name] of [
    [1, 'a shorter read'],
    [0, 'no read'],
  ] as const) {
    host.files.open = (path) => {
      const opened = open(path);
      if (!opened.ok) return opened;
      const read = (into: Uint8Array, at: number) => {
        const got = opened.value.read(into, at);
        return least === 1 && got.ok
          ? success(got.value - 1)
          : { ok: false as const, error: { errno: 'EIO' as const, call: 'read' } };
      };
      return success({ ...opened.value, read });
    };
    assert.equal(endedSummary(place(host), run), undefined, name);
  }
  host.files.open = open;
  assert.equal(host.openFiles, 0);
});

test('a last line that fits to the byte is read, one that is a byte longer is not', async () => {
  const { host, run, lines } = await oneRun();
  const last = lines.at(-1) ?? '';
  const padded = (bytes: number) => {
    const plain = changed(last, (value) => ({ ...value, why: '' }));
    return changed(last, (value) => ({ ...value, why: 'x'.repeat(bytes - plain.length) }));
  };
  for (const [bytes, isRead] of [
    [8190, true],
    [8191, false],
  ] as const) {
    host.write(journal(run), `${[...lines.slice(0, -1), padded(bytes)].join('\n')}\n`);
    assert.equal(endedSummary(place(host), run) !== undefined, isRead, `${bytes} bytes`);
  }
});

test('a lost index is made again without reading a journal whole', async () => {
  const { host, run } = await oneRun();
  const row = RunIndex.read(place(host)).row(run);
  host.texts.delete('/state/runs.index');
  const { readText } = host.files;
  const read: string[] = [];
  host.files.readText = (path) => {
    read.push(path);
    return readText(path);
  };
  recoverRuns(place(host));
  assert.deepEqual(RunIndex.read(place(host)).row(run), row);
  assert.deepEqual(
    read.filter((path) => path === journal(run)),
    [],
  );
  assert.ok(host.log.includes(`open ${journal(run)}`));
});

test('a run that the index knows and that changed is read whole, so that damage shows', async () => {
  const { host, run, lines } = await oneRun();
  const spoilt = [lines[0], lines[1].replace(/.$/, '!'), ...lines.slice(2)];
  host.write(journal(run), `${spoilt.join('\n')}\n`);
  assert.ok(endedSummary(place(host), run), 'its end alone is sound');
  assert.deepEqual(
    recoverRuns(place(host)).damaged.map((one) => one.run),
    [run],
  );
});
