// The test files that may notice a mutant, nearest first, and what each of them says of it.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Closures } from './closure.mjs';
import { InsideProcess } from './inside-process.mjs';
import { isSet, markAt, probed } from './probes.mjs';
import { reaches, reachOf } from './reach.mjs';
import { runTest, withOriginal } from './sandbox.mjs';

/** Modules of this room are loaded by Node itself as well (native calls), where a change is seen by a new process only. */
const BY_NODE = 'dist/src/host/';
/** What is asked before anything slower, milliseconds of all tests of one file. */
const QUICK_MS = 1000;
const NOTHING = { ms: 0, outcome: 'failed', how: 'process', ranges: {} };

const isNear = (file, mutant) => file.startsWith(`dist/src/${mutant.room}/`);

export class Tests {
  #sandbox;
  #kept;
  #files;
  #closures;
  #inside;
  #reaches = new Map();
  #spans = new Map();
  #sound = new Set();
  #root;

  constructor(root, sandbox, kept, files) {
    this.#root = root;
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

  /**
   * What may be asked of a mutant, in order, each `{ file, ms, notices() }`: first what is quick in the tests near it, then what is
   * slow in them, then other test files, those that load least first. What each reaches is looked up when it is its turn.
   */
  async *asks(mutant) {
    const files = this.#of(mutant);
    const near = [];
    for (const file of files.filter((file) => isNear(file, mutant)))
      near.push(...this.#parts(await this.reach(file), mutant));
    yield* near.filter(({ ms }) => ms <= QUICK_MS);
    yield* near.filter(({ ms }) => ms > QUICK_MS).sort((a, b) => a.ms - b.ms);
    for (const file of files) if (!isNear(file, mutant)) yield* this.#parts(await this.reach(file), mutant);
  }

  /** Files that can reach the mutant: of its own folder, of its room, then those that load least. */
  #of(mutant) {
    const folder = mutant.file.slice(0, mutant.file.lastIndexOf('/') + 1);
    const own = mutant.file.replace(/\.js$/, '.test.js');
    const rank = (file) => {
      if (file === own) return 0;
      if (file.startsWith(folder)) return 1;
      return isNear(file, mutant) ? 2 : 3;
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

  /** The parts of a test file that run the place of a mutant: none, the whole, or its quick tests and its slow ones. */
  #parts(test, mutant) {
    const part = (ms, only) => ({
      file: test.file,
      ms,
      notices: () => this.#notices(test, mutant, ms, only),
    });
    if (test.how !== 'inside') return reaches(test.ranges[mutant.file], mutant.at) ? [part(test.ms)] : [];
    const mark = markAt(this.#spansOf(mutant.file), mutant.at);
    const runs = (marks) => marks[mutant.file] !== undefined && (mark < 0 || isSet(marks[mutant.file], mark));
    const always = runs(test.always);
    const only = [...test.tests.keys()].filter(
      (number) => test.tests[number] && (always || runs(test.tests[number].marks)),
    );
    if (mutant.file.startsWith(BY_NODE)) return only.length > 0 ? [part(test.ms)] : [];
    const msOf = (numbers) => numbers.reduce((sum, number) => sum + test.tests[number].ms, 0);
    const isQuick = (number) => test.tests[number].ms <= QUICK_MS / 2;
    return [only.filter(isQuick), only.filter((number) => !isQuick(number))]
      .filter((numbers) => numbers.length > 0)
      .map((numbers) => part(msOf(numbers), numbers));
  }

  /** Whether tests fail, end or hang with the mutant, and pass without it. */
  async #notices(test, mutant, ms, only) {
    const isInside = test.how === 'inside' && !mutant.file.startsWith(BY_NODE);
    const run = isInside
      ? () => this.#inside.run({ file: test.file, changed: mutant.file, only }, 4_000 + 6 * ms)
      : () => runTest(this.#sandbox, test.file, 20_000 + 6 * test.ms);
    const { outcome, at } = await run();
    if (outcome === 'passed') return false;
    // A test that failed has to have passed once in such a part of its file, unchanged: it may need those before it.
    const which = `${test.file} ${at}`;
    if (isInside && outcome === 'failed' && (only === undefined || this.#sound.has(which))) return true;
    const { outcome: without } = await withOriginal(run);
    if (without === 'passed' && outcome === 'failed') this.#sound.add(which);
    if (without === 'failed' && only !== undefined) return this.#notices(test, mutant, test.ms);
    if (without !== 'passed') console.error(`mutants: ${test.file} ${without} on the unchanged code`);
    return without === 'passed';
  }

  #spansOf(file) {
    const known = this.#spans.get(file);
    if (known) return known;
    const { spans } = probed(readFileSync(join(this.#root, file), 'utf8'), 0);
    this.#spans.set(file, spans);
    return spans;
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
