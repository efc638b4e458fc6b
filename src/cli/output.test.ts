import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { terminalOn } from '../../test/support/terminal.js';
import { refuseTwoOutputs, tellBeside, writeOutput } from './output.js';

test('a file goes to its path, for - to standard output and to no file of that name', () => {
  const host = new ScriptedHost([9]);
  const { context, out } = terminalOn(host);
  writeOutput(context, '/tmp/a', 'text');
  assert.deepEqual([host.texts.get('/tmp/a'), out()], ['text', '']);
  writeOutput(context, '-', 'text');
  writeOutput(context, '-', Uint8Array.of(7, 8));
  assert.deepEqual([host.texts.has('-'), out()], [false, 'text\n7,8']);
  host.full = true;
  assert.throws(() => writeOutput(context, '/tmp/b', 'x'), {
    code: 'FILE_UNWRITABLE',
    message: /tmp.b.*ENOSPC/,
  });
});

test('words go beside what is on standard output', () => {
  for (const [path, isBeside] of [
    ['-', true],
    ['/tmp/a', false],
    [undefined, false],
  ] as const) {
    const { context, out, err } = terminalOn(new ScriptedHost([9]));
    tellBeside(context, 'words', path);
    assert.deepEqual([out(), err()], isBeside ? ['', 'words\n'] : ['words\n', '']);
  }
});

test('standard output holds one thing at a time', () => {
  for (const [path, json, isRefused] of [
    ['-', true, true],
    ['-', false, false],
    ['a', true, false],
    [undefined, true, false],
  ] as const) {
    const refuse = () => refuseTwoOutputs('probe', '--out', path, json);
    if (isRefused)
      assert.throws(refuse, { code: 'USAGE', message: /--out - and --json both want standard output/ });
    else assert.doesNotThrow(refuse);
  }
});

test('every command that writes a file knows - and says so', async () => {
  for (const words of [
    ['simulate', 'zipf', '--record', '-', '--json'],
    ['probe', '100', '--out', '-', '--json'],
    ['record', '100', '--out', '-', '--json'],
    ['heat', 'merge', 'a', 'b', '--out', '-', '--json'],
  ]) {
    const { run, out } = terminalOn(new ScriptedHost([9]));
    assert.equal(await run(words), 2, words.join(' '));
    assert.match(out(), /both want standard output/, words.join(' '));
  }
});

test('who may not record is told so, whatever this CPU could sample', async () => {
  const host = new ScriptedHost([9]);
  Object.assign(host.identity, { isPrivileged: false, userId: 1000 });
  host.write('/proc/sys/kernel/perf_event_paranoid', '3\n');
  host.write('/proc/self/status', 'CapEff:\t0000000000000000\n');
  const { run, err } = terminalOn(host);
  assert.equal(await run(['record', '100', '--for', '1s']), 5, err());
  assert.match(err(), /PERMISSION.*perf_event_paranoid is 3/);
});
