/** Completion in real shells: each loads the script as its user does, and is asked as by TAB. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MAIN } from './octavo.js';

let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'octavo-completion-'));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/octavo'), `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`);
  chmodSync(join(folder, 'bin/octavo'), 0o755);
  mkdirSync(join(folder, 'work'));
  for (const name of ['plan-one.json', 'plan-two.json']) writeFileSync(join(folder, 'work', name), '{}');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = spawnSync(process.execPath, [MAIN, 'completion', shell], { encoding: 'utf8' });
    mkdirSync(join(folder, shell));
    writeFileSync(join(folder, shell, '_octavo'), stdout);
  }
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** What is typed, what TAB must offer, what it must not. */
const ROWS: readonly (readonly [line: string, offered: readonly string[], absent: readonly string[]])[] = [
  ['octavo ', ['doctor', 'inspect', 'help'], ['__complete', 'plan-one.json']],
  ['octavo inspe', ['inspect'], ['doctor']],
  ['octavo damon ', ['status', 'heatmap'], ['doctor']],
  ['octavo plan 4711 --policy ', ['return-empty', 'chain'], ['--json']],
  ['octavo plan 4711 --max', ['--max-blocks', '--max-bytes'], ['--json']],
  ['octavo apply plan-', ['plan-one.json', 'plan-two.json'], ['--json']],
  ['octavo plan 4711 --perf plan-t', ['plan-two.json'], ['plan-one.json']],
];

const has = (shell: string) => spawnSync(shell, ['--version']).error === undefined;

/** What the shell says when TAB is pressed at the end of the line; `offered` tells when it has said enough. */
type Ask = (line: string, offered: readonly string[]) => string;

const SHELLS: readonly (readonly [shell: string, ask: Ask])[] = [
  ['bash', askBash],
  ['fish', askFish],
  ['zsh', askZsh],
];

for (const [shell, ask] of SHELLS) {
  describe(shell, { skip: has(shell) ? false : `${shell} is not installed` }, () => {
    for (const [line, offered, absent] of ROWS) {
      test(`\`${line}\` and TAB: ${offered.join(', ')}`, () => {
        const told = ask(line, offered);
        const words = told.split(/\s+/);
        for (const word of offered) assert.ok(words.includes(word), `${word} is not among: ${told}`);
        for (const word of absent) assert.ok(!words.includes(word), `${word} is among: ${told}`);
      });
    }
  });
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    HOME: folder,
    LC_ALL: 'C.UTF-8',
  };
}

function shell(file: string, words: readonly string[], input = ''): string {
  const options = {
    encoding: 'utf8',
    env: environment(),
    cwd: join(folder, 'work'),
    input,
    timeout: 60_000,
  } as const;
  return spawnSync(file, words, options).stdout;
}

/** Calls the function that `complete -F` names, with the words as the shell breaks them. */
function askBash(line: string): string {
  const words = line.split(' ').map((word) => `'${word}'`);
  const script = `source ${folder}/bash/_octavo
COMP_WORDS=(${words.join(' ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
[[ "$(complete -p octavo)" == *"-F _octavo"* ]] && _octavo octavo; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return shell('bash', ['--norc', '-c', script]);
}

/** fish tells what TAB would offer. */
function askFish(line: string): string {
  return shell('fish', ['--no-config', '-c', `source ${folder}/fish/_octavo; complete -C '${line}'`]);
}

/**
 * A terminal of zsh's own, with the script in fpath; the first TAB is the one that autoloads it. Reads until all that
 * must be offered was said and nothing more has come for 0.4 s, for 20 s at most.
 */
function askZsh(line: string, offered: readonly string[]): string {
  const script = `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= ; unsetopt beep; fpath=(${folder}/zsh $fpath); autoload -Uz compinit; compinit -u -D; setopt nolistambiguous autolist; unsetopt automenu; zstyle ':completion:*' list-prompt ''; echo rea''dy"
while zpty -r shell chunk; do [[ $chunk == *ready* ]] && break; done
zpty -n -w shell ${JSON.stringify(line)}$'\\t'
said= quiet=0
for try in {1..1000}; do
  if zpty -r -t shell chunk; then said+=$chunk quiet=0; continue; fi
  sleep 0.02; (( quiet++ >= 20 )) || continue
  for word in ${offered.join(' ')}; do [[ $said == *$word* ]] || continue 2; done
  break
done
print -rn -- "$said"
zpty -d shell`;
  const control = new RegExp(
    `${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]|${String.fromCharCode(13, 7)}`,
    'g',
  );
  return shell('zsh', ['-f', '-c', script]).replace(control, ' ');
}
