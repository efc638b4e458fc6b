/** octavo top in a real terminal, by tmux, at 80×24 and at 200×50: drawn, moved in, resized, ended, put back. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

const OCTAVO = join(import.meta.dirname, '..', '..', '..', 'bundle', 'octavo.sh');
const skip = spawnSync('tmux', ['-V']).error === undefined ? false : 'tmux is not installed';
const folder = mkdtempSync(join(tmpdir(), 'octavo-top-'));
const SERVER = `octavo-top-${process.pid}`;

function tmux(...words: readonly string[]): string {
  const ran = spawnSync('tmux', ['-L', SERVER, ...words], { encoding: 'utf8' });
  assert.equal(ran.status, 0, `tmux ${words.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}

/** A terminal of this size with a shell in it that says what it is given. */
function open(name: string, columns: number, rows: number): void {
  const env = ['-e', 'LC_ALL=C.UTF-8', '-e', 'NO_COLOR=1'];
  tmux('-f', '/dev/null', 'new-session', '-d', '-s', name, '-x', `${columns}`, '-y', `${rows}`, ...env, 'sh');
}

function screen(name: string): readonly string[] {
  return tmux('capture-pane', '-p', '-t', name).replace(/\n$/, '').split('\n');
}

async function until(name: string, holds: (lines: readonly string[]) => boolean): Promise<readonly string[]> {
  for (let tries = 0; tries < 300; tries++) {
    const lines = screen(name);
    if (holds(lines)) return lines;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return assert.fail(`never came to be:\n${screen(name).join('\n')}`);
}

const type = (name: string, ...keys: readonly string[]) => tmux('send-keys', '-t', name, ...keys);
const shows = (text: RegExp) => (lines: readonly string[]) => lines.some((line) => text.test(line));
const chosen = (lines: readonly string[]) => lines.findIndex((line) => line.startsWith('> '));

async function begin(name: string): Promise<readonly string[]> {
  await until(name, shows(/\S/));
  const words = `sh ${OCTAVO} top --alone --budget 300ms --every 1h --by process --sort name --state ${folder}/state`;
  type(name, '-l', `${words}; echo ended with $?`);
  type(name, 'Enter');
  return until(name, (lines) => shows(/^octavo top {2}by name .*own survey/)(lines) && chosen(lines) >= 0);
}

describe('octavo top in a terminal', { skip }, () => {
  before(() => open('small', 80, 24));
  after(() => {
    spawnSync('tmux', ['-L', SERVER, 'kill-server']);
    rmSync(folder, { recursive: true, force: true });
  });

  test('80 by 24: the whole screen, no wider, without colour; keys move, open and go back', async () => {
    const first = await begin('small');
    assert.equal(first.length, 24);
    assert.ok(first.every((line) => line.length <= 80));
    assert.match(first[1], /^ {2}target +.*huge +bloat/);
    assert.match(first[23], /Enter open .*q quit/);
    const at = chosen(first);
    type('small', 'Down');
    await until('small', (lines) => chosen(lines) === at + 1);
    type('small', 'd');
    await until('small', shows(/recent decisions/));
    type('small', 'Escape');
    await until('small', shows(/by name/));
    type('small', '?');
    await until('small', shows(/keys and columns/));
    type('small', 'b');
    type('small', 's');
    await until('small', shows(/by bloat/));
  });

  test('Enter opens a target down to its blocks', async () => {
    type('small', 'Enter');
    let lines = await until('small', shows(/: (processes|mappings)|not permitted/));
    if (shows(/: processes/)(lines)) {
      type('small', 'Enter');
      lines = await until('small', shows(/: mappings|not permitted|PERMISSION|no longer/));
    }
    if (shows(/: mappings/)(lines)) {
      type('small', 'Enter');
      await until('small', shows(/: blocks|nothing of it/));
    }
    for (const _ of [1, 2, 3]) type('small', 'Left');
    await until('small', shows(/by bloat/));
  });

  test('another size is drawn anew', async () => {
    tmux('resize-window', '-t', 'small', '-x', '60', '-y', '12');
    const lines = await until(
      'small',
      (found) => found.length === 12 && shows(/Enter open/)(found) && chosen(found) >= 0,
    );
    assert.ok(lines.every((line) => line.length <= 60));
  });

  test('q ends it and puts the terminal back', async () => {
    type('small', 'q');
    const lines = await until('small', shows(/ended with 0/));
    assert.ok(!shows(/^octavo top {2}/)(lines), 'what was there before is there again');
    type('small', '-l', 'stty -a | tr ";" "\\n" | grep -c "^ *icanon\\| icanon"');
    type('small', 'Enter');
    await until('small', shows(/^1$/));
  });

  test('200 by 50: more columns; Ctrl-C ends it within a second, at any moment', async () => {
    open('large', 200, 50);
    const first = await begin('large');
    assert.equal(first.length, 50);
    assert.match(first[1], /resident +huge +bloat +cold +heat +returned +came back +state/);
    const began = performance.now();
    type('large', 'C-c');
    await until('large', shows(/ended with (0|130)/));
    assert.ok(performance.now() - began < 3000, 'on a busy machine');
  });
});
