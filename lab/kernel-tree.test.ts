import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { applySeries, runCommand, treePlaces } from './kernel-tree.js';

const KERNEL = join(fileURLToPath(new URL('.', import.meta.url)), '..', '..', 'kernel');
const CORE = 'mm/damon/core.c';
const OTHER = 'mm/khugepaged.c';
const NEW = 'mm/damon/new.c';

/** A series and a tree of two files, the tree as hard links, as a real one is. */
function withTree(run: (tree: Tree) => void): void {
  const home = mkdtempSync(join(tmpdir(), 'octavo-tree-'));
  try {
    run(new Tree(home));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

class Tree {
  readonly folder: string;
  readonly places;

  constructor(home: string) {
    this.folder = join(home, 'kernel');
    this.places = treePlaces(home);
    mkdirSync(this.folder);
    cpSync(join(KERNEL, 'apply.sh'), join(this.folder, 'apply.sh'));
    cpSync(join(KERNEL, 'tools'), join(this.folder, 'tools'), { recursive: true });
    for (const file of [CORE, OTHER]) {
      write(join(this.places.pristine, file), 'int first;\nint last;\n');
      mkdirSync(dirname(join(this.places.source, file)), { recursive: true });
      linkSync(join(this.places.pristine, file), join(this.places.source, file));
    }
  }

  /** A patch: what comes after the first line of a file. */
  patch(name: string, file: string, ours: string): void {
    write(join(this.folder, 'series', name, 'edits'), `file ${file}\nafter /first/\n+${ours}\n`);
  }

  drop(path: string): void {
    rmSync(join(this.folder, 'series', path), { recursive: true });
  }

  apply(): string[] {
    return applySeries(this.folder, this.places, runCommand);
  }

  source(file: string): string {
    return readFileSync(join(this.places.source, file), 'utf8');
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

test('the series is in the tree, and the pristine one stays as it was', () => {
  withTree((tree) => {
    tree.patch('01-one', CORE, 'int ours;');
    write(join(tree.folder, 'series/01-one/new', NEW), 'int new;\n');
    assert.deepEqual(tree.apply(), [CORE, NEW]);
    assert.equal(tree.source(CORE), 'int first;\nint ours;\nint last;\n');
    assert.equal(tree.source(NEW), 'int new;\n');
    assert.equal(readFileSync(join(tree.places.pristine, CORE), 'utf8'), 'int first;\nint last;\n');
  });
});

test('files whose text did not change keep their time, so that make leaves their objects alone', () => {
  withTree((tree) => {
    tree.patch('01-one', CORE, 'int ours;');
    tree.patch('02-two', OTHER, 'int ours;');
    tree.apply();
    const before = statSync(join(tree.places.source, CORE)).mtimeMs;
    assert.deepEqual(tree.apply(), []);
    tree.patch('02-two', OTHER, 'int another;');
    assert.deepEqual(tree.apply(), [OTHER]);
    assert.equal(statSync(join(tree.places.source, CORE)).mtimeMs, before);
    assert.ok(statSync(join(tree.places.source, OTHER)).mtimeMs >= before);
  });
});

test('what a patch does not touch any more is the original again, and its own files are gone', () => {
  withTree((tree) => {
    tree.patch('01-one', CORE, 'int ours;');
    tree.patch('02-two', OTHER, 'int ours;');
    write(join(tree.folder, 'series/02-two/new', NEW), 'int new;\n');
    tree.apply();
    tree.drop('02-two');
    assert.deepEqual(tree.apply(), [NEW, OTHER]);
    assert.equal(tree.source(OTHER), 'int first;\nint last;\n');
    assert.equal(existsSync(join(tree.places.source, NEW)), false);
    assert.ok(Date.now() - statSync(join(tree.places.source, OTHER)).mtimeMs < 60_000);
  });
});

test('a run that ended in the middle is put right by the next one', () => {
  withTree((tree) => {
    tree.patch('01-one', CORE, 'int ours;');
    tree.apply();
    write(join(tree.places.source, CORE), 'half of');
    assert.deepEqual(tree.apply(), [CORE]);
    assert.equal(tree.source(CORE), 'int first;\nint ours;\nint last;\n');
  });
});

test('a series that does not apply leaves the tree as it was and says where', () => {
  withTree((tree) => {
    tree.patch('01-one', CORE, 'int ours;');
    tree.apply();
    write(join(tree.folder, 'series/01-one/edits'), `file ${CORE}\nafter /moved/\n+int ours;\n`);
    assert.throws(() => tree.apply(), /anchor \/moved\/ matched 0 lines.*the source has moved/s);
    assert.equal(tree.source(CORE), 'int first;\nint ours;\nint last;\n');
  });
});
