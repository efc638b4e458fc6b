import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { builtOctavoKernel, octavoKernelPath } from './octavo-kernel.js';

const FILES = {
  'kernel/apply.sh': 'apply',
  'kernel/configure.sh': 'configure',
  'kernel/tools/apply-edits.pl': 'edits',
  'kernel/config/lab.config': 'CONFIG_DAMON=y',
  'kernel/series/01-first/edits': 'file a',
  'kernel/series/01-first/message': 'a subject',
  'kernel/docs/answers.md': 'words',
};

function withRoot(run: (root: string, put: (path: string, text: string) => void) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'octavo-kernel-'));
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  try {
    for (const [path, text] of Object.entries(FILES)) put(path, text);
    run(root, put);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test('a built kernel is found again until something that it is made from changes', () => {
  withRoot((root, put) => {
    assert.equal(builtOctavoKernel(root, root), undefined);
    const image = octavoKernelPath(root, root);
    mkdirSync(dirname(image), { recursive: true });
    writeFileSync(image, 'a kernel');
    assert.equal(builtOctavoKernel(root, root), image);

    put('kernel/docs/answers.md', 'other words');
    put('kernel/series/01-first/message', 'a better subject');
    assert.equal(builtOctavoKernel(root, root), image);
    put('kernel/series/01-first/edits', 'file b');
    assert.equal(builtOctavoKernel(root, root), undefined);
  });
});

test('a new patch is another kernel', () => {
  withRoot((root, put) => {
    const before = octavoKernelPath(root, root);
    put('kernel/series/02-second/new/mm/x.c', 'int x;');
    assert.notEqual(octavoKernelPath(root, root), before);
  });
});
