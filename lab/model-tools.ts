/**
 * `npm run lab -- --model-tools`: programs made for real kernels, against the model. damo's own tests and the kernel's
 * selftests of DAMON are fetched from the Debian archive when they are wanted, run under `octavo model run`, and kept out of
 * the repository. What cannot be had here is skipped with the reason.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetchSource, LabUnavailable, type SourcePackage } from './apt.js';

interface ToolSuite {
  readonly name: string;
  readonly source: SourcePackage;
  /** Folder of the tests below the unpacked source. */
  readonly folder: string;
  readonly isTest: (file: string) => boolean;
  /** What runs one of them, its file name as $1. */
  readonly script: string;
}

/** Exit code of a kernel selftest that could not be run (tools/testing/selftests/kselftest.h). */
const SKIPPED = 4;
/** What tests say that read the memory of a running kernel, which a model has not. */
const NEEDS_MORE = /drgn not found/;
const TIMEOUT_MS = 60_000;

const SUITES: readonly ToolSuite[] = [
  {
    name: 'damo',
    source: { suite: 'forky', name: 'damo', parts: ['*/src/*', '*/tests/unit/*'] },
    folder: 'tests/unit',
    isTest: (file) => /^test_\w+\.py$/.test(file),
    script: 'python3 "$1"',
  },
  {
    name: 'kernel selftests of DAMON',
    source: {
      suite: 'trixie-backports',
      name: 'linux-source-7.3',
      archive: 'usr/src/linux-source-7.3.tar.xz',
      parts: ['*/tools/testing/selftests/damon/*', '*/tools/testing/selftests/kselftest/*'],
    },
    folder: 'tools/testing/selftests/damon',
    isTest: (file) => /^(?!_)[\w-]+\.(sh|py)$/.test(file),
    script: 'case "$1" in *.py) exec python3 "./$1" ;; *) exec bash "./$1" ;; esac',
  },
];

interface ToolResult {
  readonly suite: string;
  readonly test: string;
  readonly outcome: 'pass' | 'fail' | 'skip';
  /** Last line of what it printed, or why it was skipped. */
  readonly says: string;
}

/** Runs all of them. Returns the exit code: 1 when one failed, 2 when nothing could be had. */
export function runModelTools(root: string, cache: string, say: (line: string) => void): number {
  const results = SUITES.flatMap((suite) => runSuite(suite, root, cache, say));
  const count = (wanted: ToolResult['outcome']) => results.filter(({ outcome }) => outcome === wanted).length;
  console.log(`${count('pass')} passed, ${count('fail')} failed, ${count('skip')} skipped`);
  if (count('fail') > 0) return 1;
  return count('pass') > 0 ? 0 : 2;
}

function runSuite(suite: ToolSuite, root: string, cache: string, say: (line: string) => void): ToolResult[] {
  const { name, source, folder, isTest } = suite;
  const skipped = (says: string) => [told({ suite: name, test: 'all', outcome: 'skip', says })];
  const missing = whyNot();
  if (missing !== undefined) return skipped(missing);
  try {
    const tests = join(fetchSource(source, cache, say), folder);
    compile(tests);
    return readdirSync(tests)
      .filter(isTest)
      .sort()
      .map((test) => told(runTest(suite, root, tests, test)));
  } catch (problem) {
    if (!(problem instanceof LabUnavailable)) throw problem;
    return skipped(problem.message);
  }
}

/** Prints a result as soon as it is there: a whole run takes minutes. */
function told(result: ToolResult): ToolResult {
  console.log(`${result.outcome}  ${result.suite}: ${result.test}  ${result.says}`);
  return result;
}

function whyNot(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux and root to mount';
  if (!existsSync('/dev/fuse')) return 'no /dev/fuse';
  return spawnSync('python3', ['--version']).status === 0 ? undefined : 'no python3';
}

/** Helpers that selftests start; where there is no compiler the tests that need one skip or fail by themselves. */
function compile(tests: string): void {
  for (const file of readdirSync(tests).filter((name) => name.endsWith('.c')))
    spawnSync('cc', ['-O1', '-o', join(tests, file.slice(0, -2)), join(tests, file)]);
}

function runTest({ name, script }: ToolSuite, root: string, tests: string, test: string): ToolResult {
  const octavo = [join(root, 'dist/src/main.js'), 'model', 'run', '--kernel', '7.3', '--memory', '1G'];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...octavo, '--', 'sh', '-c', script, 'sh', test],
    {
      cwd: tests,
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      env: { ...process.env, PYTHONPATH: join(tests, '../../src'), PYTHONDONTWRITEBYTECODE: '1' },
    },
  );
  const last = `${stdout}${stderr}`.trim().split('\n').at(-1) ?? '';
  const outcome = status === 0 ? 'pass' : status === SKIPPED || NEEDS_MORE.test(last) ? 'skip' : 'fail';
  const says = outcome === 'pass' ? '' : status === null ? `no end within ${TIMEOUT_MS / 1000} s` : last;
  return { suite: name, test, outcome, says };
}
