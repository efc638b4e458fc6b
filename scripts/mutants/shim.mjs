// What test files know as node:test, for running them again and again inside one process (inside.mjs): it only collects.
import { mock } from 'node:test';

/** A suite of tests while one file is loaded. Tests of a file are numbered as they are declared. */
export function newSuite(name, above) {
  const numbers = above?.numbers ?? { next: 0 };
  return { name, tests: [], before: [], after: [], beforeEach: [], afterEach: [], above, numbers };
}

/** The names that test files import, all adding to `suites.now`. */
export function testFunctions(suites) {
  const test = (name, options, body) => {
    const run = [name, options, body].find((one) => typeof one === 'function');
    const given = [name, options].find((one) => typeof one === 'object' && one !== null) ?? {};
    suites.now.tests.push({ name: String(name), run, options: given, number: suites.now.numbers.next++ });
    return Promise.resolve();
  };
  const describe = (name, options, body) => {
    const run = [name, options, body].find((one) => typeof one === 'function');
    const suite = newSuite(String(name), suites.now);
    suites.now.tests.push(suite);
    suites.now = suite;
    try {
      run?.();
    } finally {
      suites.now = suite.above;
    }
    return Promise.resolve();
  };
  const hook = (kind) => (body) => void suites.now[kind].push(body);
  const hooks = Object.fromEntries(['before', 'after', 'beforeEach', 'afterEach'].map((k) => [k, hook(k)]));
  return { test, it: test, describe, suite: describe, mock, ...hooks, default: test };
}

/**
 * Runs a suite. Throws what the first failing test throws; what `after` puts back is put back even then. Suites that hold none
 * of the tests `only` are left out; `around` is given each test's number and how to run it.
 *
 * @param {any} suite
 * @param {{only?: ReadonlySet<number> | undefined, around?: (number: number, run: () => Promise<void>) => Promise<void>}} [how]
 */
export async function runSuite(suite, { only, around = (_, run) => run() } = {}) {
  const isWanted = (one) =>
    only === undefined || (one.tests ? one.tests.some(isWanted) : only.has(one.number));
  try {
    for (const body of suite.before) await body();
    for (const one of suite.tests)
      if (!isWanted(one)) continue;
      else if (one.tests) await runSuite(one, { only, around });
      else await around(one.number, () => runTest(one, suite));
  } finally {
    for (const body of suite.after) await body();
  }
}

async function runTest({ name, run, options }, suite) {
  if (run === undefined || options.skip || options.todo) return;
  const context = new Context(name);
  const above = [];
  for (let one = suite; one; one = one.above) above.unshift(one);
  try {
    for (const one of above) for (const body of one.beforeEach) await body(context);
    await run(context);
  } finally {
    for (const one of above.reverse()) for (const body of one.afterEach) await body(context);
    for (const body of context.ends.reverse()) await body();
    mock.restoreAll();
  }
}

class Context {
  ends = [];
  mock = mock;
  signal = new AbortController().signal;
  constructor(name) {
    this.name = name;
  }
  after(body) {
    this.ends.push(body);
  }
  skip() {}
  todo() {}
  diagnostic() {}
  async test(name, options, body) {
    const run = [options, body].find((one) => typeof one === 'function');
    await runTest({ name, run, options: {} }, newSuite('', undefined));
  }
}
