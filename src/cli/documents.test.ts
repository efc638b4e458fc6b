/** The table of JSON kinds against the code: every kind printed is in it, and what is printed is what it says. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kernelHost, kernelWithEverything } from '../../test/support/kernels.js';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { type Terminal, terminalOn } from '../../test/support/terminal.js';
import { DOCUMENTS, documentProblem } from './documents.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
/** Kinds of files, which no command prints. */
const FILES = new Set([
  'agent',
  'agent-request',
  'agent-state',
  'beliefs',
  'costs',
  'regrets',
  'heat',
  'history-segment',
  'allowance',
  'feuds',
  'watches',
  'dropped',
  'damon-session',
  'host-recording',
  'scenario',
  'trace',
]);

/** What the dashboard sends to its page: the schemas are in src/dashboard/wire. */
const REPLY = /^dashboard-/;

test('every kind that the sources name is in the table, and every row of it is a kind they name', () => {
  const named = new Set<string>();
  for (const file of sourceFiles(join(ROOT, 'src'))) {
    const text = readFileSync(file, 'utf8');
    for (const [, kind] of text.matchAll(/octavo: '([a-z-]+)'/g))
      if (!FILES.has(kind) && !REPLY.test(kind)) named.add(kind);
  }
  assert.deepEqual([...named].sort(), Object.keys(DOCUMENTS).sort());
});

test('a document of no kind, or with a key of another type, is told', () => {
  assert.match(documentProblem({ octavo: 'poem' }), /no kind `poem`/);
  assert.match(documentProblem(null), /no kind/);
  assert.match(documentProblem([]), /no kind/);
  assert.equal(
    documentProblem({ octavo: 'dry-run', version: 1, calls: [5] }),
    'dry-run: calls.0 should be a text',
  );
  assert.match(documentProblem({ octavo: 'dry-run', version: 2, calls: [] }), /version should be `1`/);
});

async function printed(terminal: Terminal, line: string): Promise<readonly string[]> {
  const before = terminal.out().length;
  await terminal.run([...line.split(' '), '--json']);
  const text = terminal.out().slice(before);
  const documents: unknown[] =
    text.trim() === '' ? [] : JSON.parse(`[${text.trim().replace(/\n}\n{/g, '\n},\n{')}]`);
  assert.ok(documents.length > 0, `${line} printed nothing: ${terminal.err()}`);
  for (const document of documents) assert.equal(documentProblem(document), '', line);
  return documents.map((document) => (document as { octavo: string }).octavo);
}

describe('what a command prints with --json is what the table says', () => {
  test('of looking and acting on a process', async () => {
    const host = new ScriptedHost([9, 9, 0]);
    const terminal = terminalOn(host);
    const seen = new Set<string>();
    const lines = [
      'survey',
      'inspect 100 --content none',
      'inspect 100 --blocks --content none',
      'inspect 100 --explain 0x7d000000',
      'plan 100 --split 0x7d000000 --out /plan.json',
      'apply /plan.json --dry-run',
      'run 100 --split 0x7d000000 --dry-run',
      'apply /plan.json',
      'run 100 --policy named-blocks --collapse 0x7d400000',
      'run 100 --source smaps',
      'runs',
      'inspect 99',
      'plan 100 --order 99',
    ];
    for (const line of lines) for (const kind of await printed(terminal, line)) seen.add(kind);
    const [run] = (host.files.list('/state/runs') as { value: readonly string[] }).value;
    for (const line of [`runs ${run}`, `undo ${run} --dry-run`, `undo ${run}`])
      for (const kind of await printed(terminal, line)) seen.add(kind);
    const expected = [
      'survey',
      'census',
      'explanation',
      'plan',
      'dry-run',
      'run',
      'runs',
      'journal',
      'failure',
    ];
    assert.deepEqual([...seen].sort(), expected.sort());
  });

  test('of the kernel', async () => {
    const terminal = terminalOn(kernelHost(kernelWithEverything()));
    assert.deepEqual(await printed(terminal, 'doctor'), ['features']);
  });

  test('of the model', async () => {
    const terminal = terminalOn(kernelHost(kernelWithEverything()));
    assert.deepEqual(await printed(terminal, 'simulate --list'), ['scenarios']);
  });
});

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'demo') yield* sourceFiles(path);
    } else if (entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts')) yield path;
  }
}
