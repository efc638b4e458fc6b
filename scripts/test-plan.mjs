// Which test files run beside others, which alone, and which share a process.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';

/** Tests that compare what the whole machine counts, or how long others were held up: nothing runs beside them. */
const ALONE = [
  /^dist\/test\/end-to-end\/(looking|lock-share)\.test\.js$/,
  // It asks for the median time of a scrape.
  /^dist\/src\/host\/pages\/pages\.test\.js$/,
];

/** Tests of pure rooms: they start nothing, and look neither at this machine's processes nor at a clock. */
const COMPUTED =
  /^dist\/(demo|lab\/(back-off\/|cpio|kernel-tree|needs|octavo-kernel)|src\/(agent\/(configuration|guarding|life|loop|patterns|record|targets|turn)|base|dashboard\/(map|view|wire)|vocabulary|formats|hotness|belief|policies|planning|kernel-rules|model|simulator|compare|damon|actuators|config|cycle|cli|library|guards|history|reports|sampling|services|survey|top|verification)\/|src\/sources\/(?!occupancy|perf-live|perf-pipe|resolver|program-files)|test\/(agent\/on-the-model|damon\/|model\/|kernel\/|calibration\/|ranking\/|conformance\/))/;

/** What a test file may not do when others share its process: hooks for all tests, mocks, the process's own state. */
const OWN_PROCESS =
  /^(?:before|beforeEach|afterEach)\(|\bmock\.|\bprocess\.(?:env|chdir|exit|exitCode|on|once|emit|kill|setuid|umask)\b|\bglobalThis\.\w+ =|\bsetFlagsFromString\b|\bgc\(|\bmemoryUsage\b|\bcpuUsage\b/m;

/** The files that take longest start first, longest in front, so that none of them is left over at the end. */
const LONGEST = [
  'test/end-to-end/stopping',
  'test/end-to-end/package',
  'test/agent/on-the-model',
  'lab/lab',
  'test/differential/kernel-and-model',
  'test/end-to-end/dashboard-agent-page',
  'test/end-to-end/dashboard-page',
  'lab/run',
  'test/end-to-end/killed-apply',
  'test/end-to-end/user-table',
  'test/end-to-end/record',
  'test/conformance/model',
  'test/end-to-end/prepared',
  'test/end-to-end/natures',
  'test/contracts/eligibility',
  'test/model/looking',
  'test/end-to-end/journal',
  'test/end-to-end/journal-stress',
  'test/end-to-end/completion',
  'test/end-to-end/model-run',
  'src/compare/contenders',
];

/** Files of one process, at most: many share what they load, few lose little when one of them ends the process. */
const MOST_TOGETHER = 12;

/**
 * Groups for `runTests`: all that can run beside each other, then what must be alone. Live tests wait more than they
 * compute, so one more runs than there are CPUs.
 *
 * @param {string} root
 * @param {readonly string[]} files Absolute paths of test files.
 */
export function groupsOf(root, files) {
  const alone = files.filter((file) => ALONE.some((place) => place.test(relative(root, file))));
  const together = files.filter((file) => !alone.includes(file));
  const shared = together.filter((file) => mayShare(root, file));
  const single = together.filter((file) => !shared.includes(file));
  const rank = (file) => rankOf(relative(root, file));
  const first = single.sort((one, other) => rank(one) - rank(other));
  return [
    { files: [...first, ...processes(root, shared)], concurrency: Math.min(5, availableParallelism() + 1) },
    { files: alone, concurrency: 1 },
  ];
}

function rankOf(path) {
  const at = LONGEST.findIndex((name) => path === `dist/${name}.test.js`);
  if (at >= 0) return at;
  return LONGEST.length + (path.startsWith('dist/test/') ? 0 : 1);
}

function mayShare(root, file) {
  const path = relative(root, file);
  return (
    COMPUTED.test(path) && rankOf(path) >= LONGEST.length && !OWN_PROCESS.test(readFileSync(file, 'utf8'))
  );
}

/** Files that load several test files each, those of one folder together. */
function processes(root, files) {
  const folder = join(root, 'dist/together');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const found = [];
  for (let at = 0; at < files.length; at += MOST_TOGETHER) {
    const part = files.slice(at, at + MOST_TOGETHER);
    if (part.length === 1) {
      found.push(part[0]);
      continue;
    }
    const path = join(folder, `${found.length}.mjs`);
    writeFileSync(path, loading(part.map((file) => relative(dirname(path), file))));
    found.push(path);
  }
  return found;
}

/**
 * One after another; one that cannot be loaded is a failure by its name, and the others run. Whoever calls process.exit() is a
 * failure with any code: results of its own and of other files are lost with it. Only without it does beforeExit come.
 */
const loading = (files) => `import { test } from 'node:test';
let isExpected = false;
process.on('beforeExit', () => {
  isExpected = true;
});
process.on('exit', () => {
  if (!isExpected) process.exitCode = 1;
});
for (const file of ${JSON.stringify(files, undefined, 2)}) {
  try {
    await import(file);
  } catch (problem) {
    test(file, () => {
      throw problem;
    });
  }
}
`;
