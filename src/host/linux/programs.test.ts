/** Programs that this process starts: their ends, words and signals. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Program } from '../host.js';
import { runForeign } from './foreign-program.js';
import { startProgram } from './program.js';

const script = (text: string): Program => {
  const started = startProgram('sh', ['-c', text]);
  assert.ok(started.ok);
  return started.value;
};

async function outputOf({ output }: Program): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of output) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('output, errors and the exit code of a program arrive', async () => {
  const program = script('echo out; echo err >&2; exit 7');
  assert.equal(await outputOf(program), 'out\n');
  assert.deepEqual([await program.ended, program.errors()], [7, 'err\n']);
  assert.ok(program.pid > 0);
});

test('of what it says of errors the last 64 KiB are kept', async () => {
  const program = script('printf first >&2; head -c 65536 /dev/zero | tr "\\0" x >&2; printf last >&2');
  await program.ended;
  const errors = program.errors();
  assert.deepEqual(
    [errors.length, errors.startsWith('xxxx'), errors.endsWith('xlast')],
    [65_536, true, true],
  );
});

test('what is written reaches it, and a program that has ended does not mind', async () => {
  const program = script('read line; echo "got $line"');
  program.write('hello\n');
  assert.equal(await outputOf(program), 'got hello\n');
  assert.equal(await program.ended, 0);
  program.write('too late\n');
  program.signal('SIGKILL');
});

test('a signal reaches all of its group, and its end tells the name', async () => {
  const program = script('sleep 60 & echo started; wait');
  for await (const _ of program.output) {
    program.signal('SIGTERM');
    break;
  }
  assert.equal(await program.ended, 'SIGTERM', 'its output ends only when the child has ended, too');
});

test('a program that is not there, or may not be run, is an answer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-programs-'));
  try {
    writeFileSync(join(folder, 'plain'), 'x', { mode: 0o644 });
    for (const command of ['no-such-program-here', './no-such-program', join(folder, 'plain')])
      assert.deepEqual(startProgram(command, []), {
        ok: false,
        error: { errno: 'ENOENT', call: `execve ${command}` },
      });
    const path = process.env.PATH;
    delete process.env.PATH;
    const started = startProgram('sh', []);
    process.env.PATH = path;
    assert.equal(started.ok, false, 'without a PATH nothing is found by name');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a foreign program ends with its code, or with 128 and its signal, as shells say it', async () => {
  const end = (text: string) => runForeign('sh', ['-c', text]);
  assert.deepEqual(
    [await end('exit 0'), await end('exit 9'), await end('kill -TERM $$'), await end('kill -KILL $$')],
    [0, 9, 143, 137],
  );
  assert.equal(await runForeign('no-such-program-here', []), 127);
  assert.equal(await runForeign('no-such-program-here', [], { PATH: '/proc/1/cwd:/bin' }), 127);
  const folder = mkdtempSync(join(tmpdir(), 'octavo-programs-'));
  writeFileSync(join(folder, 'plain'), 'x', { mode: 0o644 });
  assert.equal(await runForeign(join(folder, 'plain'), []), 126);
  rmSync(folder, { recursive: true });
  assert.equal(
    await runForeign('sh', ['-c', 'exit $CODE'], { CODE: '5' }),
    5,
    'with what is added to its environment',
  );
});

test('the signal that ends this command is passed on, SIGTERM where it is no signal', async () => {
  for (const [reason, code] of [
    ['SIGHUP', 129],
    ['SIGTERM', 143],
    ['EPIPE', 143],
  ] as const) {
    // biome-ignore format: a table
    const stop = new AbortController();
    const ended = runForeign('sleep', ['60'], {}, stop.signal);
    stop.abort(reason);
    assert.equal(await ended, code, reason);
  }
  const before = new AbortController();
  before.abort('SIGTERM');
  assert.equal(await runForeign('sleep', ['60'], {}, before.signal), 143, 'a stop from before it began');
});

test('a program that does not listen is asked again after a second, and ended by force after two', async () => {
  const stop = new AbortController();
  const asked = runForeign(
    'sh',
    ['-c', 'trap "" HUP; trap "exit 3" TERM; while :; do sleep 0.05; done'],
    {},
    stop.signal,
  );
  const deaf = runForeign('sh', ['-c', 'trap "" HUP TERM; while :; do sleep 0.05; done'], {}, stop.signal);
  const far = runForeign(
    'sh',
    ['-c', 'trap "" HUP TERM; while :; do sleep 0.05; done'],
    {},
    stop.signal,
    'far',
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  const began = performance.now();
  stop.abort('SIGHUP');
  const after = async (end: Promise<number>) => [await end, Math.floor((performance.now() - began) / 1000)];
  const ends = await Promise.all([after(asked), after(deaf), after(far)]);
  assert.deepEqual(
    ends.map(([code]) => code),
    [3, 137, 137],
  );
  assert.deepEqual(
    ends.map(([, seconds]) => seconds >= 1),
    [true, true, true],
  );
  assert.ok(ends[1][1] >= 2 && ends[2][1] >= 3, `${ends}`);
});

test('a program that cannot be run is told on standard error, with the code of a shell', () => {
  const module = new URL('./foreign-program.js', import.meta.url).href;
  const told = (command: string) => {
    const program = `import { runForeign } from ${JSON.stringify(module)}; process.exit(await runForeign(${JSON.stringify(command)}, []));`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    return [status, stderr];
  };
  assert.deepEqual(told('no-such-program-here'), [127, 'octavo: no-such-program-here: no such program\n']);
  assert.deepEqual(told('/'), [126, 'octavo: /: cannot be run (EACCES)\n']);
  assert.deepEqual(told('true'), [0, '']);
});
