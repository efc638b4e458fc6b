/** Every way in which a command line can be wrong: a code, exit code 2, no word of the library, JSON with --json. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { kernelHost, kernelWithEverything } from '../../test/support/kernels.js';
import { terminalOn } from '../../test/support/terminal.js';
import { isActing } from './acting.js';
import { COMMANDS, routes } from './application/catalogue.js';
import { manualCommands } from './manual.js';
import type { ValueParser } from './parameters.js';

const WRONG: readonly (readonly [line: string, code: string, says: RegExp])[] = [
  ['plam 1', 'COMMAND_UNKNOWN', /`plam` is no command; did you mean `plan`\?/],
  ['nothing-like-it', 'COMMAND_UNKNOWN', /`nothing-like-it` is no command$/m],
  ['damon stauts', 'COMMAND_UNKNOWN', /did you mean `status`\?/],
  ['help damn', 'COMMAND_UNKNOWN', /did you mean `damon`\?/],
  ['--frob', 'OPTION_UNKNOWN', /`octavo` has no option --frob; options stand behind the command/],
  ['--host', 'VALUE_MISSING', /--host needs a value behind it/],
  ['plan 1 --frobnicate', 'OPTION_UNKNOWN', /`octavo plan` has no option --frobnicate$/m],
  ['plan 1 --sparsebelow 2', 'OPTION_UNKNOWN', /did you mean `--sparse-below`\?/],
  ['damon act 1 -x', 'OPTION_UNKNOWN', /`octavo damon act` has no option -x/],
  [
    'plan 1 --max-pressure -1',
    'VALUE_INVALID',
    /--max-pressure: `-1` is too small; give a percentage from 0%/,
  ],
  ['plan 1 --order 20', 'VALUE_INVALID', /--order: `20` is too large; give a whole number from 0 to 13/],
  ['plan 1 --policy best', 'VALUE_INVALID', /--policy: `best` is none of return-empty, /],
  ['plan 1 --out=', 'VALUE_INVALID', /--out: `''` is empty/],
  ['plan 1 --json=maybe', 'VALUE_INVALID', /--json: `maybe` is neither yes nor no/],
  ['model run --task redis -- ls', 'VALUE_INVALID', /--task: `redis` is no NAME,SIZE/],
  ['model run --task redis,5x -- ls', 'VALUE_INVALID', /holds `5x`, which is no size/],
  ['report x --pid 1,,2', 'VALUE_INVALID', /is no list of pids/],
  ['plan 1 --order', 'VALUE_MISSING', /--order needs a value behind it/],
  ['plan 1 --order 1 --order 2', 'VALUE_TWICE', /--order is given twice, as `1` and as `2`/],
  ['apply', 'ARGUMENT_MISSING', /`octavo apply` needs <plan>/],
  ['import', 'ARGUMENT_MISSING', /`octavo import` needs <recording>/],
  ['undo a b', 'ARGUMENT_SURPLUS', /takes no further argument, but was given `b`/],
  ['plan', 'USAGE', /name a target/],
  ['plan 1 --around 3', 'USAGE', /--around is for a block named with --split/],
  ['plan 1 --policy named-blocks', 'USAGE', /needs --split or --collapse/],
  ['plan 1 --resolve', 'USAGE', /--resolve is for the samples of --perf/],
  ['run 1 --turns 3', 'USAGE', /--turns is for --every/],
];

const terminal = () => terminalOn(kernelHost(kernelWithEverything()));

describe('a wrong command line', () => {
  for (const [line, code, says] of WRONG) {
    test(`octavo ${line}: ${code}`, async () => {
      const { run, err, out } = terminal();
      assert.equal(await run(line.split(' ')), 2);
      assert.match(err(), new RegExp(`^octavo: ${code}: `));
      assert.match(err(), says);
      assert.equal(out(), '');
    });

    test(`octavo ${line} with --json: a document`, async () => {
      const { run, out } = terminal();
      const [command, ...rest] = line.split(' ');
      const nested = ['damon', 'model', 'help'].includes(command) ? [command, rest[0]] : [command];
      await run([...nested, '--json', ...line.split(' ').slice(nested.length)]);
      const failure = JSON.parse(out());
      assert.equal(failure.octavo, 'failure');
      assert.equal(failure.exitCode, 2);
      assert.doesNotMatch(failure.advice, /\{/, 'every fact of the advice is filled in');
    });
  }

  test('an empty word is no target, file or name', async () => {
    for (const words of [
      ['inspect', ''],
      ['plan', '1', '--deny', ''],
      ['apply', ''],
      ['report', ' '],
    ]) {
      const { run, err } = terminal();
      assert.equal(await run(words), 2);
      assert.match(err(), /VALUE_INVALID: .*is empty/);
    }
  });

  test('advice names the command that ran, not the one that shares its options', async () => {
    const { run, err } = terminal();
    await run(['run', '1', '--around', '3']);
    assert.match(err(), /See `octavo run --help`/);
  });

  test('words behind -- are another program’s: neither --json nor an empty option there is Octavo’s', async () => {
    const { run, err, out } = terminal();
    assert.equal(await run(['import', '--frobnicate', '--', '--out=', '--json']), 2);
    assert.match(err(), /OPTION_UNKNOWN/);
    assert.equal(out(), '');
  });
});

describe('proposals', () => {
  const mistyped = (word: string) => [`${word}x`, word.slice(1), word.slice(0, -1), `${word[0]}${word}`];
  for (const words of ['apply', 'undo', 'run', 'launch', 'damon apply', 'damon act', 'model run']) {
    test(`never name \`${words}\`, which acts`, async () => {
      assert.ok(isActing(words));
      const [last, ...before] = words.split(' ').reverse();
      for (const wrong of mistyped(last)) {
        if (before.length === 0 && Object.hasOwn(COMMANDS, wrong)) continue;
        const { run, err } = terminal();
        assert.equal(await run([...before, wrong, '1']), 2);
        assert.doesNotMatch(err(), new RegExp(`did you mean.*\`${last}\``), wrong);
      }
    });
  }
});

test('-V, --version and help', async () => {
  const [version, short, help, longHelp, nested] = [
    terminal(),
    terminal(),
    terminal(),
    terminal(),
    terminal(),
  ];
  assert.equal(await version.run(['--version']), 0);
  assert.equal(await short.run(['-V']), 0);
  assert.equal(short.out(), version.out());
  assert.match(short.out(), /^\d+\.\d+\.\d+\n$/);
  assert.equal(await help.run(['help', 'plan']), 0);
  await longHelp.run(['plan', '--help']);
  assert.equal(help.out(), longHelp.out());
  assert.match(help.out(), /EXAMPLES/);
  assert.equal(await nested.run(['help', 'damon', 'act']), 0);
  assert.match(nested.out(), /octavo damon act/);
});

describe('every option and argument with a value', () => {
  for (const { words, values } of manualCommands(routes)) {
    for (const { name, parse } of values) {
      test(`${words} ${name}: says what it accepts, and refuses an empty word`, () => {
        const { accepts } = parse as ValueParser<unknown>;
        assert.ok(accepts, 'parse it with a parser of parameters.ts, which has a range');
        assert.throws(() => parse(''), SyntaxError);
        if (accepts.includes(' from ')) {
          assert.throws(() => parse('-1'), SyntaxError);
          assert.throws(() => parse('1e30'), SyntaxError);
        }
      });
    }
  }
});
