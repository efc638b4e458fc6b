import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { proposeCompletions } from '@stricli/core';
import { kernelHost, kernelWithEverything } from '../../../test/support/kernels.js';
import { terminalOn } from '../../../test/support/terminal.js';
import { DEFAULT_BUDGETS, lockReason, pressureReason } from '../../planning/budgets.js';
import { ERRORS } from '../../vocabulary/errors.js';
import { MIB } from '../../vocabulary/units.js';
import { isActing } from '../acting.js';
import { effectSentence } from '../command.js';
import { actingCommands } from '../effects.js';
import { manualCommands, manualPage } from '../manual.js';
import { VERSION } from '../version.js';
import { COMMAND_LINE } from './application.js';
import { COMMANDS, routes } from './catalogue.js';

const HIDDEN = ['__complete'];
const visible = manualCommands(routes);

test('the version is that of package.json', () => {
  const text = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8');
  assert.equal(VERSION, JSON.parse(text).version);
});

test('every command is in the manual, but for hidden ones', () => {
  const first = new Set(visible.map(({ words }) => words.split(' ')[0]));
  assert.deepEqual(
    [...first].sort(),
    Object.keys(COMMANDS)
      .filter((name) => !HIDDEN.includes(name))
      .sort(),
  );
});

describe('every command', () => {
  for (const { words, text, flags, dryRun, positional } of visible) {
    test(`${words}: has examples that are command lines of it, a description and a brief`, () => {
      assert.ok(text.examples.length > 0, 'no examples');
      const ofThis = new RegExp(`(^|\\| ?)(sudo |[A-Z_]+=\\S+ )*octavo (--host \\S+ )?${words}\\b`);
      assert.ok(
        text.examples.some(([line]) => ofThis.test(line)),
        'no example is of this command',
      );
      for (const [line, purpose] of text.examples) {
        assert.match(line, /octavo /, line);
        assert.ok(purpose.length > 3, line);
        for (const name of namedCommands(line)) assert.ok(Object.hasOwn(COMMANDS, name), `${line}: ${name}`);
      }
      assert.match(text.brief, /^[a-z]/, 'a brief begins small');
      assert.doesNotMatch(text.brief, /\.$/, 'a brief has no full stop');
      assert.ok(text.description.length > 40);
    });

    test(`${words}: help says what it changes`, async () => {
      const { out, run } = terminal();
      assert.equal(await run([...words.split(' '), '--help']), 0);
      assert.ok(out().includes(effectSentence(text.effect, dryRun)), out());
      assert.equal(
        dryRun,
        flags.some(({ name }) => name === 'dry-run'),
      );
      const acts = text.effect.kind === 'acts' && text.effect.when === undefined;
      if (acts) assert.doesNotMatch(text.description, /[Cc]hanges nothing/);
    });

    test(`${words}: completion proposes it and each of its options`, async () => {
      const parts = words.split(' ');
      const proposed = await complete([...parts.slice(0, -1), parts[parts.length - 1]]);
      assert.ok(proposed.includes(parts[parts.length - 1]), `proposed ${proposed}`);
      const before = [...parts, ...positional.map(() => '1')];
      const options = await complete([...before, '--']);
      for (const { name } of flags) assert.ok(options.includes(`--${name}`), `--${name} is not proposed`);
    });

    test(`${words}: options that the examples use exist`, () => {
      const known = new Set(['host', 'help', ...flags.map(({ name }) => name)]);
      for (const [line] of text.examples) {
        const own = line.split(/ -- |\|/).filter((part) => namedCommands(part)[0] === words);
        for (const option of own.join(' ').matchAll(/ --([a-z-]+)/g))
          assert.ok(known.has(option[1]), `${line}: ${option[0]}`);
      }
    });
  }
});

describe('help fits a terminal of 80 columns and a locale of ASCII', () => {
  for (const words of ['', ...visible.map((command) => command.words)]) {
    test(`octavo ${words} --help`, async () => {
      const host = kernelHost(kernelWithEverything());
      const { out, run } = terminalOn(host, { style: { width: 80, ascii: true, colour: false } });
      assert.equal(await run([...words.split(' ').filter((word) => word !== ''), '--help']), 0);
      for (const line of out().split('\n')) {
        assert.ok(line.length <= 80, `${line.length}: ${line}`);
        assert.match(line, /^[\x20-\x7e]*$/);
      }
      if (words !== '') assert.match(out(), /EXAMPLES[\s\S]*EXIT CODES/, 'examples and exit codes');
    });
  }

  test('the first page leads newcomers on', async () => {
    const { out, run } = terminal();
    await run(['--help']);
    assert.match(out(), /docs\/huge-pages-in-five-minutes\.md/);
    assert.match(out(), /docs\/glossary\.md/);
  });
});

describe('options that advice names', () => {
  const flagsOf = (words: string) =>
    visible.find((one) => one.words === words)?.flags.map(({ name }) => name) ?? [];
  const named = (text: string | undefined) =>
    [...(text ?? '').matchAll(/--([a-z][a-z-]*)/g)].map((match) => match[1]);
  const scarce = { freeHugeBytes: 0, blockBytes: 2 * MIB, pressure: 99 };

  test('guards bind wherever something acts, and so do the options that lift them', () => {
    const texts = [
      pressureReason(scarce, DEFAULT_BUDGETS, 0),
      pressureReason({ ...scarce, pressure: 0 }, DEFAULT_BUDGETS, 0),
      lockReason(1e6, DEFAULT_BUDGETS),
    ];
    const options = texts.flatMap(named);
    assert.equal(options.length, 3);
    for (const words of ['plan', 'run', 'apply', 'undo']) {
      for (const option of options)
        assert.ok(flagsOf(words).includes(option), `octavo ${words} lacks --${option}`);
    }
  });

  test('errors name options of the command that they name', () => {
    for (const [code, { says, advice }] of Object.entries(ERRORS)) {
      for (const [line] of `${says} ${advice}`.matchAll(/octavo [a-z-]+[^`.]*/g)) {
        const words = namedCommands(line)[0];
        for (const option of named(line))
          assert.ok(
            ['help', ...flagsOf(words)].includes(option),
            `${code}: octavo ${words} lacks --${option}`,
          );
      }
    }
  });
});

test('what a command changes is one sentence, with the option that makes or keeps it', () => {
  assert.match(effectSentence({ kind: 'looks' }, false), /^Changes nothing on this host/);
  assert.equal(effectSentence({ kind: 'acts', what: 'splits' }, true), 'Acts: splits; never with --dry-run.');
  assert.equal(
    effectSentence({ kind: 'acts', what: 'recovers', when: '--recover' }, false),
    'Acts: recovers, only with --recover.',
  );
});

test('what acts unless told otherwise is never proposed, and nothing else is held back', () => {
  const acting = actingCommands(routes).filter(({ when }) => !when.startsWith('with '));
  const held = visible.map(({ words }) => words).filter(isActing);
  assert.deepEqual(held.sort(), acting.map(({ words }) => words).sort());
});

test('the list of acting commands says when each acts', () => {
  const acting = new Map(actingCommands(routes).map(({ words, when }) => [words, when]));
  assert.equal(acting.get('apply'), 'without `--dry-run`');
  assert.equal(acting.get('probe'), 'always');
  assert.equal(acting.get('plan'), 'with `--source damon-regions`');
  for (const words of ['inspect', 'doctor', 'runs', 'damon show', 'import', 'report'])
    assert.equal(acting.has(words), false, words);
});

test('completion goes on behind --host DIR', async () => {
  const { out, run } = terminal();
  await run(['__complete', '--', '--host', '/tmp/x', 'docto']);
  assert.equal(out(), 'doctor\n');
});

test('completion scripts hand words on behind --, so that none is taken for an option', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { out, run } = terminal();
    assert.equal(await run(['completion', shell]), 0);
    assert.match(out(), /octavo __complete -- /);
  }
});

describe('the manual page', () => {
  const page = manualPage(visible, VERSION, 'Text with a \\ and\n.dots, a hyphen-minus and µ.');

  test('names every command and option', () => {
    for (const { words, flags } of visible) {
      assert.ok(page.includes(`.SS "octavo ${words.replaceAll('-', '\\-')}`), words);
      for (const { name } of flags) assert.ok(page.includes(`.B \\-\\-${name.replaceAll('-', '\\-')}`), name);
    }
  });

  test('escapes what roff would take for itself', () => {
    assert.ok(page.includes('Text with a \\e and\n\\&.dots, a hyphen\\-minus and \\[u00B5].'));
    assert.doesNotMatch(page, /[^\n\x20-\x7e]/, 'only ASCII');
  });

  test('is accepted by groff without a warning', (context) => {
    const groff = spawnSync('groff', ['-man', '-ww', '-Tutf8'], { input: page, encoding: 'utf8' });
    if (groff.error) return context.skip('groff is not installed');
    assert.equal(groff.stderr, '');
    assert.match(groff.stdout, /octavo doctor/);
  });
});

async function complete(words: readonly string[]): Promise<readonly string[]> {
  const { context } = terminal();
  context.commandLine = COMMAND_LINE;
  const proposals = await proposeCompletions(await COMMAND_LINE.application(), words, context as never);
  return proposals.map(({ completion }) => completion);
}

/** Words behind each `octavo` of a line, options of its own skipped. */
function namedCommands(line: string): readonly string[] {
  return [...line.matchAll(/\boctavo (?:--host[ =]\S+ )?([a-z][a-z-]*)/g)].map((match) => match[1]);
}

const terminal = () => terminalOn(kernelHost(kernelWithEverything()));
