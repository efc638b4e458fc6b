/** What the package prints without loading a command is what the command itself prints. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../support/corpus.js';

const BUNDLED = join(ROOT, 'bundle/octavo.js');
const BUILT = join(ROOT, 'dist/src/main.js');

function ended(program: string, line: string, more: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...line.split(' ')], {
    encoding: 'utf8',
    env: { ...process.env, OCTAVO_HOST: '', ...more },
  });
  return { status, stdout, stderr };
}

describe('prepared texts', () => {
  const lines = [
    ...[
      '--version',
      '-V',
      '--help',
      '-h',
      'help',
      'plan --help',
      'help damon act',
      'heat -h',
      'simulate --list',
    ],
    ...[
      'completion zsh',
      'completion csh',
      '__complete -- pl',
      '__complete -- plan --so',
      '__complete -- damon a',
    ],
    ...['__complete -- plan --source x', '__complete plan', 'nonsense --help', 'plan --nonsense --help'],
  ];
  for (const line of lines) {
    it(`octavo ${line}`, () => assert.deepEqual(ended(BUNDLED, line), ended(BUILT, line)));
  }

  it('are laid out for their reader', () => {
    const narrow = { COLUMNS: '50', LANG: 'C', LC_ALL: '' };
    const { stdout } = ended(BUNDLED, 'plan --help', narrow);
    assert.deepEqual(ended(BUILT, 'plan --help', narrow).stdout, stdout);
    assert.match(stdout, /^[\x20-\x7e\n]{100,}$/);
  });

  it('tell when they cannot be written', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [BUNDLED, '--version'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    assert.equal(status, 3);
    assert.match(stderr, /FILE_UNWRITABLE.*ENOSPC/s);
  });
});
