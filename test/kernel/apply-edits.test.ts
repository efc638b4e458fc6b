import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const KERNEL = join(fileURLToPath(new URL('.', import.meta.url)), '..', '..', '..', 'kernel');

const TREE = {
  'mm/a.c': 'int one(void)\n{\n\treturn 1;\n}\n\nint two(void)\n{\n\treturn 2;\n}\n',
};

/** Applies one patch of edits to a small tree; answers with what would be written, or what was complained about. */
function apply(edits: string, added: Record<string, string> = {}) {
  const home = mkdtempSync(join(tmpdir(), 'octavo-edits-'));
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  try {
    for (const [path, text] of Object.entries(TREE)) put(`tree/${path}`, text);
    for (const [path, text] of Object.entries(added)) put(`patch/new/${path}`, text);
    put('patch/edits', edits);
    mkdirSync(join(home, 'stage'));
    const result = spawnSync(
      'perl',
      [join(KERNEL, 'tools/apply-edits.pl'), join(home, 'patch'), join(home, 'tree'), join(home, 'stage')],
      { encoding: 'utf8' },
    );
    const read = (path: string) => readFileSync(join(home, path), 'utf8');
    return {
      status: result.status,
      complaint: result.stderr.replaceAll(home, ''),
      staged: result.status === 0 ? read('stage/mm/a.c') : '',
      untouched: read('tree/mm/a.c') === TREE['mm/a.c'],
    };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

test('lines go below, above and in place of their anchors, within the named block', () => {
  const { staged, status } = apply(`
file mm/a.c
within /^int two\\(/ .. /^\\}/
before /return/
+\tprepare();
replace /return 2/
+\treturn 22;
within file
after /^int one/
+/* one */
subst /^int (one)/ => long $1
`);
  assert.equal(status, 0);
  assert.equal(
    staged,
    'long one(void)\n/* one */\n{\n\treturn 1;\n}\n\nint two(void)\n{\n\tprepare();\n\treturn 22;\n}\n',
  );
});

test('a block goes as a whole', () => {
  assert.equal(
    apply('file mm/a.c\ndelete /^int one/ .. /^$/\n').staged,
    'int two(void)\n{\n\treturn 2;\n}\n',
  );
});

const MOVED: readonly (readonly [string, string, RegExp])[] = [
  ['an anchor that is gone', 'file mm/a.c\nafter /three/\n+x\n', /\/three\/ matched 0 lines/],
  [
    'an anchor that is there twice',
    'file mm/a.c\nafter /return/\n+x\n',
    /matched 2 lines \(lines 3, 8\), expected exactly one/,
  ],
  ['a block without an end', 'file mm/a.c\ndelete /^int two/ .. /^int/\n', /no line matches/],
  [
    'a scope that is gone',
    'file mm/a.c\nwithin /^int three/ .. /x/\nafter /return/\n+x\n',
    /matched 0 lines/,
  ],
  ['a file that is gone', 'file mm/b.c\n', /no such file/],
  ['a directive that nobody knows', 'file mm/a.c\nmove /x/\n', /unknown directive: move/],
  ['lines without a place', 'file mm/a.c\n+x\n', /without after, before or replace/],
];

for (const [what, edits, complaint] of MOVED) {
  test(`${what} stops everything`, () => {
    const answer = apply(edits);
    assert.notEqual(answer.status, 0);
    assert.match(answer.complaint, complaint);
    assert.ok(answer.untouched);
  });
}

test('a new file never takes the place of one that is there', () => {
  const answer = apply('# nothing\n', { 'mm/a.c': 'ours\n' });
  assert.notEqual(answer.status, 0);
  assert.match(answer.complaint, /exists in the source tree already/);
});

test('apply.sh wants a kernel source tree', () => {
  const result = spawnSync(join(KERNEL, 'apply.sh'), [tmpdir()], { encoding: 'utf8' });
  assert.equal(result.status, 2);
  assert.match(result.stderr, /no kernel source tree/);
});
