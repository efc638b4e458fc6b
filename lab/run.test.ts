/** What the lab does about machines that crash, hang or talk nonsense: with a program in QEMU’s place. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Scenario } from '../test/conformance/scenario.js';
import { describeRuns, exitCodeOf } from './report.js';
import { type LabRequest, type LabRun, runLab } from './run.js';

const scenario = (name: string): Scenario => ({
  name,
  says: name,
  short: true,
  run: async () => ({}),
  expected: () => ({ answer: 42 }),
});
const SCENARIOS = ['one', 'two', 'three'].map(scenario);

/**
 * A program in QEMU’s place: talks through the results socket as a guest does. `plan` is JavaScript that gets the
 * number of the boot, the scenarios to run, `say` for messages, `print` for the console and `end` for the exit.
 */
async function lab(plan: string, timeoutMs = 20_000, wishes: Partial<LabRequest> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-fake-qemu-'));
  const program = join(folder, 'qemu');
  const boots = join(folder, 'boots');
  writeFileSync(boots, '');
  writeFileSync(
    program,
    `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs');
const net = require('node:net');
const flag = (name) => process.argv[process.argv.indexOf(name) + 1];
const scenarios = readFileSync(flag('-initrd'), 'utf8').split(' ');
appendFileSync(${JSON.stringify(boots)}, scenarios.join(' ') + '\\n');
const boot = readFileSync(${JSON.stringify(boots)}, 'utf8').trim().split('\\n').length;
const socket = net.connect(/path=(.*)/.exec(process.argv.find((word) => word.startsWith('socket,')))[1]);
const say = (message) => socket.write(typeof message === 'string' ? message : JSON.stringify(message) + '\\n');
const print = (text) => process.stdout.write(text + '\\n');
const done = (scenario) => {
  say({ kind: 'start', scenario });
  say({ kind: 'rows', scenario, rows: { answer: 42 }, seconds: 1 });
};
const finish = () => { say({ kind: 'end', uptimeSeconds: 9 }); socket.end(() => process.exit(0)); };
const crash = () => socket.end(() => process.kill(process.pid, 'SIGSEGV'));
socket.on('connect', () => {
  print('booting');
  say({ kind: 'ready', release: '9.9', uptimeSeconds: 3 });
  ${plan}
});
`,
  );
  chmodSync(program, 0o755);
  const said: string[] = [];
  const request = {
    ...{ series: '7.3', kernel: 'none', scenarios: SCENARIOS, root: '', cache: '', timeoutMs, program },
    ...wishes,
    say: (line: string) => void said.push(line),
    rootFor: async (scenarios: readonly string[], inside: string) => {
      const root = join(inside, 'root');
      writeFileSync(root, scenarios.join(' '));
      return root;
    },
  };
  try {
    const run = await runLab(request);
    return { run, said, boots: readFileSync(boots, 'utf8').trim().split('\n') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const verdicts = (run: LabRun) => run.results.map(({ verdict }) => verdict);

test('a run to the end is one boot, and each scenario is told as soon as it is known', async () => {
  const { run, said, boots } = await lab('scenarios.forEach(done); finish();');
  assert.deepEqual(verdicts(run), ['as declared', 'as declared', 'as declared']);
  assert.deepEqual([run.release, run.crashes, boots], ['9.9', [], ['one two three']]);
  assert.deepEqual(said, [
    '9.9 is up, Node after 3.0 s',
    '7.3 one: as declared (1.0 s), 1 of 3',
    '7.3 two: as declared (1.0 s), 2 of 3',
    '7.3 three: as declared (1.0 s), 3 of 3',
  ]);
  assert.equal(exitCodeOf([run]), 0);
});

test('a crash is booted once more with what is left, and the report says so', async () => {
  const plan =
    "done('one'); if (boot === 1) { say({ kind: 'start', scenario: 'two' }); print('Oops'); crash(); } else { scenarios.forEach(done); finish(); }";
  const { run, said, boots } = await lab(plan);
  assert.deepEqual(boots, ['one two three', 'two three']);
  assert.deepEqual(verdicts(run), ['as declared', 'as declared', 'as declared']);
  assert.equal(run.crashes.length, 1);
  assert.match(run.crashes[0], /^the machine ended with SIGSEGV during two\n.*\| booting\n.*\| Oops$/s);
  assert.ok(said.some((line) => line.endsWith('; booting once more')));
  assert.match(describeRuns([run])[0], /, 1 crash\(es\) of the machine/);
  assert.equal(exitCodeOf([run]), 0);
});

test('a crash shows the head of the kernel’s complaint, which a long trace has pushed out of the last lines', async () => {
  const { run } = await lab(
    "print('BUG: unable to handle page fault'); print('Call Trace'); for (let n = 0; n < 60; n++) print('frame ' + n); crash();",
  );
  const shown = run.crashes[0].split('\n  | ');
  assert.equal(shown[1], 'BUG: unable to handle page fault');
  assert.equal(shown[2], 'Call Trace');
  assert.equal(shown[26], '...', 'not all of it');
  assert.deepEqual(shown.slice(-2), ['frame 58', 'frame 59']);
});

const ARGUMENTS =
  "say({ kind: 'ready', release: process.argv.slice(2).join(' '), uptimeSeconds: 1 }); scenarios.forEach(done); finish();";

test('the machine is of the wanted architecture, with as many CPUs and as much memory as wanted', async () => {
  const usual = (await lab(ARGUMENTS)).run.release;
  assert.match(usual, /-smp 2 -machine q35 -cpu max,-cx16 -m 2048M /);
  assert.match(usual, /-append console=ttyS0 quiet panic=-1 no_timer_check$/);
  const arm = (await lab(ARGUMENTS, undefined, { architecture: 'arm64' })).run.release;
  assert.match(arm, /-smp 2 -machine virt -cpu max -m 6144M .*-append console=ttyAMA0 quiet panic=-1$/);
  const machine = { cpus: 4, memoryMiB: 512, append: 'lockdown=integrity' };
  const other = (await lab(ARGUMENTS, undefined, { machine })).run.release;
  assert.match(other, /-smp 4 .* -m 512M .*no_timer_check lockdown=integrity$/);
});

test('with one CPU the guest does not go by a time stamp counter that it measured on a busy machine', async () => {
  const one = (await lab(ARGUMENTS, undefined, { machine: { cpus: 1, append: 'a=b' } })).run.release;
  assert.match(one, /-smp 1 .*no_timer_check tsc=unstable a=b$/);
  const arm = await lab(ARGUMENTS, undefined, { machine: { cpus: 1 }, architecture: 'arm64' });
  assert.match(arm.run.release, /-append console=ttyAMA0 quiet panic=-1$/);
});

test('a second crash is the end: what was not run is told and is no success', async () => {
  const { run, boots } = await lab("done('one'); crash();");
  assert.equal(boots.length, 2);
  assert.deepEqual(verdicts(run), ['as declared', 'not run', 'not run']);
  assert.equal(run.crashes.length, 2);
  assert.equal(exitCodeOf([run]), 1);
});

test('a guest whose own program fails is not booted again', async () => {
  await assert.rejects(
    lab("print('guest: main ended with 1'); socket.end();"),
    /the guest’s own program failed/,
  );
});

test('a machine that hangs is stopped, and nonsense from it is no message', async () => {
  const plan = "say('{broken\\n'); say('null\\n'); say('{}\\n'); done('one'); setInterval(() => {}, 1000);";
  const { run } = await lab(plan, 8000);
  assert.deepEqual(verdicts(run), ['as declared', 'not run', 'not run']);
  assert.match(run.crashes[0], /^the machine ran out of time/);
});

test('rows that are not as declared are told one by one', async () => {
  const plan =
    "say({ kind: 'start', scenario: 'one' }); say({ kind: 'rows', scenario: 'one', rows: { answer: 41, more: 1 }, seconds: 1 }); done('two'); say({ kind: 'failed', scenario: 'three', problem: 'it threw', seconds: 1 }); finish();";
  const { run } = await lab(plan);
  assert.deepEqual(verdicts(run), ['differs', 'as declared', 'failed']);
  const report = describeRuns([run]).join('\n');
  assert.match(report, /answer: declared 42, found 41\n.*more: declared \(no such row\), found 1/);
  assert.match(report, /it threw/);
  assert.equal(exitCodeOf([run]), 1);
});
