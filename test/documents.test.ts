import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERRORS, EXIT, EXIT_MEANINGS } from '../src/vocabulary/errors.js';
import { ROOT } from './support/corpus.js';

const page = () => readFileSync(join(ROOT, 'docs', 'errors.md'), 'utf8');

test('docs/errors.md has every code and no other', () => {
  const documented = [...page().matchAll(/^### (\S+)$/gm)].map((match) => match[1]);
  assert.deepEqual(documented, Object.keys(ERRORS).sort());
});

test('docs/errors.md has every exit code with its meaning and no other', () => {
  const documented = [...page().matchAll(/^\| (\d+) \| ([^|]+) \|/gm)].map((match) => [
    Number(match[1]),
    match[2],
  ]);
  const known = Object.entries(EXIT).map(([name, code]) => [code, EXIT_MEANINGS[name as keyof typeof EXIT]]);
  assert.deepEqual(documented, known);
});

test('every fact that an error names in braces is explained by its text alone', () => {
  for (const [code, { says, advice }] of Object.entries(ERRORS)) {
    for (const text of [says, advice]) assert.doesNotMatch(text, /\{\}|\{[^a-z]/, code);
  }
});

test('documents agree with the code, and their links and commands lead somewhere', () => {
  const checked = spawnSync(process.execPath, [join(ROOT, 'scripts', 'check-docs.mjs')], {
    encoding: 'utf8',
  });
  assert.equal(checked.stderr, '');
  assert.equal(checked.status, 0);
});
