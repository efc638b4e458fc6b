import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kernelHost, kernelWithEverything } from '../../test/support/kernels.js';
import { terminalOn } from '../../test/support/terminal.js';
import { OctavoError } from '../vocabulary/errors.js';
import { routes } from './application/catalogue.js';
import { manualCommands } from './manual.js';
import { OPTION_HOMES, withOptionHomes } from './option-homes.js';

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), '../../../src');
/** Rooms whose texts reach users of several commands; the commands' own texts are checked by what they declare. */
const ROOMS = ['vocabulary', 'planning', 'policies', 'damon', 'actuators', 'config', 'verification', 'cycle'];
const MORE_ROOMS = ['kernel-rules', 'sources'];

const commands = manualCommands(routes);

test('every home has its option', () => {
  for (const [option, home] of Object.entries(OPTION_HOMES)) {
    const command = commands.find(({ words }) => `octavo ${words}` === home);
    assert.ok(command, home);
    assert.ok(
      command.flags.some(({ name }) => name === option),
      `${home} has no --${option}`,
    );
  }
});

test('every option that a text outside the commands names has a home', () => {
  const strange: string[] = [];
  for (const room of [...ROOMS, ...MORE_ROOMS]) {
    for (const file of sourceFiles(join(SOURCES, room))) {
      // Options of perf are no options of Octavo.
      const code = readFileSync(file, 'utf8')
        .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
        .replace(/perf (record|script)( --?[a-z-]+)+/g, '');
      for (const [, option] of code.matchAll(/[ (/]--([a-z][a-z-]*[a-z])/g))
        if (!Object.hasOwn(OPTION_HOMES, option) && option !== 'help') strange.push(`${file}: --${option}`);
    }
  }
  assert.deepEqual(strange, []);
});

test('a text that names a command with an option names one that has it', () => {
  for (const file of sourceFiles(SOURCES)) {
    const code = readFileSync(file, 'utf8');
    for (const [, words, option] of code.matchAll(
      /`octavo ([a-z -]+?)(?: [A-Z0-9{][^ `]*)? --([a-z-]+)[ `)]/g,
    )) {
      const command = commands.find((one) => one.words === words.trim());
      if (command === undefined || option === 'help') continue;
      assert.ok(
        command.flags.some(({ name }) => name === option),
        `${file}: octavo ${words} --${option}`,
      );
    }
  }
});

test('an option that the running command lacks is told with the command that has it', () => {
  const text = 'A slot is free: use it with --share-damon.';
  assert.equal(
    withOptionHomes(text, () => false),
    `${text} (--share-damon is an option of \`octavo run\`)`,
  );
  assert.equal(
    withOptionHomes(text, (option) => option === 'share-damon'),
    text,
  );
  const own = 'octavo simulate --list shows them';
  assert.equal(
    withOptionHomes(own, () => false),
    own,
  );
  assert.equal(
    withOptionHomes('--unheard-of', () => false),
    '--unheard-of',
  );
});

test('a failing command adds it to its advice, where it lacks the option', async () => {
  const occupied = new OctavoError('DAMON_OCCUPIED', { owner: 'damo', remedy: 'Use --share-damon.' });
  const told = async (words: readonly string[]) => {
    const terminal = terminalOn(kernelHost(kernelWithEverything()));
    await terminal.run(words);
    const before = terminal.err().length;
    terminal.context.fail(occupied, false);
    return terminal.err().slice(before);
  };
  assert.match(await told(['undo', 'none']), /\(--share-damon is an option of `octavo run`\)/);
  assert.doesNotMatch(await told(['apply', 'none']), /is an option of/);
});

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts')) yield path;
  }
}
