import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Prepared, preparedAnswer } from './prepared.js';

const PREPARED: Prepared = {
  pages: { '--version': '1\n', '--help': 'all\n', 'damon act --help': 'act\n' },
  scripts: { 'completion bash': 'script\n' },
  proposals: {
    '': { commands: ['damon', 'doctor', 'plan'], options: ['--help', '--version'] },
    damon: { commands: ['act', 'apply'], options: ['--help'] },
    plan: { options: ['--json', '--solve', '--source'] },
  },
};

const said = (...words: readonly string[]) => preparedAnswer(words, PREPARED)?.text;

test('help and version are found however they are asked for', () => {
  for (const words of [['--help'], ['-h'], ['help']]) assert.equal(said(...words), 'all\n');
  for (const words of [
    ['damon', 'act', '--help'],
    ['damon', 'act', '-h'],
    ['help', 'damon', 'act'],
  ])
    assert.equal(said(...words), 'act\n');
  for (const words of [['--version'], ['-V']]) assert.equal(said(...words), '1\n');
});

test('what is not prepared is left to the command', () => {
  for (const words of [
    [],
    ['plan', '--help'],
    ['plan', '-V'],
    ['launch', '--', 'ls', '--help'],
    ['toString'],
  ])
    assert.equal(said(...words), undefined, words.join(' '));
});

test('only texts for people are laid out', () => {
  assert.equal(preparedAnswer(['completion', 'bash'], PREPARED)?.isExact, true);
  assert.equal(preparedAnswer(['__complete', '--', 'pl'], PREPARED)?.isExact, true);
  assert.equal(preparedAnswer(['--help'], PREPARED)?.isExact, false);
});

test('commands of a group and options of a command are proposed', () => {
  assert.equal(said('__complete', '--', 'd'), 'damon\ndoctor\n');
  assert.equal(said('__complete', '--', ''), 'damon\ndoctor\nplan\n');
  assert.equal(said('__complete', '--', 'damon', 'a'), 'act\napply\n');
  assert.equal(said('__complete', '--', 'plan', '--so'), '--solve\n--source\n');
  assert.equal(said('__complete', '--', 'plan', '--none'), '');
});

test('proposals that depend on this machine or on other words are left to the command', () => {
  for (const words of [
    ['plan', ''],
    ['plan', '-'],
    ['plan', '4711', '--so'],
    ['plan', '--source='],
    ['x', '--'],
    [],
  ])
    assert.equal(said('__complete', '--', ...words), undefined, words.join(' '));
  assert.equal(said('__complete', 'plan', '--so'), undefined);
});
