/** The files of the bundle, which are loaded in whatever order commands come to use them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const BUNDLE = fileURLToPath(new URL('../../../bundle', import.meta.url));

/** Files that begin to work when they are loaded. */
const PROGRAMS = new Set([
  ...['octavo.js', 'command-thread.js', 'worker-entry.js', 'foreign-entry.js'],
  ...['acting-entry.js', 'deciding-entry.js', 'start-deciding.js'],
]);

const FILES = readdirSync(BUNDLE).filter((name) => name.endsWith('.js') && !PROGRAMS.has(name));

/** Loads each file with nothing loaded before, and prints what went wrong. */
const LOADER = `
  process.on('warning', ({ message }) => console.log(message));
  for (const path of process.argv.slice(1)) {
    for (const loaded of Object.keys(require.cache)) delete require.cache[loaded];
    try {
      const found = require(path);
      for (const name of Object.keys(found)) found[name];
    } catch (problem) {
      console.log(path, problem.stack);
    }
  }`;

test('each file of the bundle can be the first to be used', () => {
  const paths = FILES.map((name) => join(BUNDLE, name));
  assert.ok(paths.length > 20, `${paths.length} files`);
  const ended = spawnSync(process.execPath, ['-e', LOADER, ...paths], { encoding: 'utf8' });
  assert.deepEqual([ended.stdout, ended.stderr, ended.status], ['', '', 0]);
});

test('a file that is kept compressed has the code of its name', () => {
  const packed = readdirSync(BUNDLE).filter((name) => name.endsWith('.br'));
  assert.ok(packed.some((name) => name.startsWith('jobs')));
  for (const name of packed) {
    const stub = readFileSync(join(BUNDLE, name.replace(/\.br$/, '')), 'utf8');
    assert.equal(stub, 'require("./unpack.js").load(module);\n');
  }
});

test('no list of runs loads what reads documents', () => {
  const loader = `
    require(process.argv[1]);
    console.log(Object.keys(require.cache).filter((path) => /schemas-/.test(path)).length);`;
  const runs = FILES.find((name) => /^runs-/.test(name)) ?? '';
  const ended = spawnSync(process.execPath, ['-e', loader, join(BUNDLE, runs)], { encoding: 'utf8' });
  assert.equal(ended.stdout, '0\n', ended.stderr);
});

test('an errno is read before a file is loaded to name it: loading sets it anew', () => {
  const launched = (program: string) =>
    spawnSync(process.execPath, [join(BUNDLE, 'octavo.js'), 'launch', '--thp', 'never', '--', program], {
      encoding: 'utf8',
    });
  const absent = launched('no-such-program');
  assert.deepEqual([absent.status, absent.stderr.split(':')[1]], [127, ' PROGRAM_NOT_FOUND'], absent.stderr);
  assert.match(launched('/proc/self/status').stderr, /PROGRAM_NOT_RUN: .*\(EACCES\)/);
  for (const name of FILES)
    assert.doesNotMatch(readFileSync(join(BUNDLE, name), 'utf8'), /\(\)\.\w+\([\w.]+\.errno\(\)\)/, name);
});
