// The test files that may notice a mutant, nearest first, and what each of them says of it.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Closures } from './closure.mjs';
import { InsideProcess } from './inside-process.mjs';
import { reachOf } from './reach.mjs';
import { runTest, withOriginal } from './sandbox.mjs';

/** Modules of this room are loaded by Node itself as well (native calls), where a change is seen by a new process only. */
const BY_NODE = 'dist/src/host/';
const NOTHING = { ms: 0, outcome: 'failed', ranges: {} };

export class Tests {
  #sandbox;
  #kept;
  #files;
  #closures;
  #inside;
  #reaches = new Map();

  constructor(root, sandbox, kept, files) {
    this.#sandbox = sandbox;
    this.#kept = kept;
    this.#files = files;
    this.#closures = new Closures(root);
    this.#inside = new InsideProcess(sandbox);
    mkdirSync(kept, { recursive: true });
    this.#forget();
  }

  end() {
    this.#inside.end();
  }

  /** Files that can reach the mutant: of its own folder, of its room, then those that load least. */
  of(mutant) {
    const folder = mutant.file.slice(0, mutant.file.lastIndexOf('/') + 1);
    const own = mutant.file.replace(/\.js$/, '.test.js');
    const rank = (file) => {
      if (file === own) return 0;
      if (file.startsWith(folder)) return 1;
      return file.startsWith(`dist/src/${mutant.room}/`) ? 2 : 3;
    };
    const cost = (file) => {
      const { startsPrograms, files } = this.#closures.of(file);
      return (startsPrograms ? 1e6 : 0) + files.size;
    };
    return this.#files
      .filter((file) => this.#closures.of(file).files.has(mutant.file))
      .sort((a, b) => rank(a) - rank(b) || cost(a) - cost(b));
  }

  /** What a test file reaches, kept until a file changes that it can reach. Runs the unchanged code. */
  async reach(file) {
    if (!this.#reaches.has(file)) this.#reaches.set(file, await this.#look(file));
    return this.#reaches.get(file);
  }

  /** Whether the test fails, ends or hangs with the mutant, and passes without it. */
  async notices(test, mutant) {
    const isInside = test.how === 'inside' && !mutant.file.startsWith(BY_NODE);
    const run = isInside
      ? () => this.#inside.run({ file: test.file, changed: mutant.file }, 8_000 + 6 * test.ms)
      : () => runTest(this.#sandbox, test.file, 20_000 + 6 * test.ms);
    const { outcome } = await run();
    if (outcome === 'passed') return false;
    if (isInside && outcome === 'failed') return true;
    const { outcome: without } = await withOriginal(run);
    if (without !== 'passed') console.error(`mutants: ${test.file} ${without} on the unchanged code`);
    return without === 'passed';
  }

  async #look(file) {
    const kept = join(this.#kept, this.#nameOf(file));
    if (!existsSync(kept)) {
      const { startsPrograms } = this.#closures.of(file);
      console.error(`mutants: what does ${file} reach?`);
      const look = () => reachOf(this.#sandbox, file, startsPrograms ? undefined : this.#inside);
      writeFileSync(kept, JSON.stringify(await withOriginal(look)));
    }
    const one = JSON.parse(readFileSync(kept, 'utf8'));
    if (one.outcome === 'passed') return { file, ...one };
    console.error(`mutants: ${file} ${one.outcome} on the unchanged code and is left out`);
    rmSync(kept);
    return { file, ...NOTHING };
  }

  #nameOf(file) {
    return `${file.replaceAll('/', '!')}.${this.#closures.of(file).digest}.json`;
  }

  #forget() {
    const names = new Set(readdirSync(this.#kept));
    const wanted = new Set(this.#files.map((file) => this.#nameOf(file)));
    const stems = new Set(this.#files.map((file) => file.replaceAll('/', '!')));
    for (const name of names) {
      const stem = name.replace(/\.[0-9a-f]{16}\.json$/, '');
      if (!wanted.has(name) && (stems.has(stem) || stem === name))
        rmSync(join(this.#kept, name), { recursive: true });
    }
  }
}
