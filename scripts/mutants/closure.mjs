// What a compiled test file can reach at all: the files that it, its helpers and the programs it starts name.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const NAMED = /['"`](\.{1,2}\/[^'"`\s]+?\.js)['"`]/g;
const STARTS_PROGRAMS = /from 'node:(child_process|worker_threads)'/;

export class Closures {
  #root;
  #files = new Map();
  #closures = new Map();

  constructor(root) {
    this.#root = root;
  }

  /** `{ files, digest, startsPrograms }` of a test file, paths from the root; the digest changes with any of them. */
  of(test) {
    if (!this.#closures.has(test)) this.#closures.set(test, this.#walk(test));
    return this.#closures.get(test);
  }

  #walk(test) {
    const files = new Set([test]);
    for (const file of files) for (const next of this.#file(file).named) files.add(next);
    const hash = createHash('sha256');
    for (const file of [...files].sort()) hash.update(file).update(this.#file(file).digest);
    const ofTests = [...files].filter((file) => !file.startsWith('dist/src/') || file.endsWith('.test.js'));
    return {
      files,
      digest: hash.digest('hex').slice(0, 16),
      startsPrograms: ofTests.some((file) => this.#file(file).startsPrograms),
    };
  }

  #file(file) {
    const known = this.#files.get(file);
    if (known) return known;
    const path = join(this.#root, file);
    const text = readFileSync(path, 'utf8');
    const named = [...text.matchAll(NAMED)]
      .map(([, name]) => resolve(dirname(path), name))
      .filter((one) => existsSync(one))
      .map((one) => relative(this.#root, one));
    const digest = createHash('sha256').update(text).digest('hex');
    const made = { named, digest, startsPrograms: STARTS_PROGRAMS.test(text) };
    this.#files.set(file, made);
    return made;
  }
}
