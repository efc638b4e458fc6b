// A copy of the build in which one file at a time is changed. Everything but `dist` is a link to the checkout, so that
// tests and the programs they start find scenarios, documents and packages where they expect them.
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const OWN = new Set(['dist', '.cache', '.git']);

/** A sandbox of this process alone: several may judge at a time. Those of processes that are gone are removed. */
export function makeSandbox(root) {
  const above = join(root, '.cache/mutants');
  mkdirSync(above, { recursive: true });
  for (const name of readdirSync(above))
    if (/^sandbox/.test(name) && !isAlive(Number(name.split('-')[1])))
      rmSync(join(above, name), { recursive: true, force: true });
  const folder = join(above, `sandbox-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const name of readdirSync(root)) if (!OWN.has(name)) symlinkSync(join(root, name), join(folder, name));
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  const shared = [process.env.OCTAVO_SHARED, join(dirname(root), 'shared')].find(
    (path) => path && existsSync(path),
  );
  return { folder, environment: shared ? { OCTAVO_SHARED: shared } : {} };
}

function isAlive(pid) {
  return Number.isInteger(pid) && existsSync(`/proc/${pid}`);
}

const standing = new Map();

/** Writes the mutant, calls `during`, and puts the file back whatever happens. */
export async function withMutant(sandbox, mutant, during) {
  const path = join(sandbox.folder, mutant.file);
  const text = readFileSync(path, 'utf8');
  const changed = text.slice(0, mutant.start) + mutant.replacement + text.slice(mutant.end);
  standing.set(path, { text, changed });
  writeFileSync(path, changed);
  try {
    return await during();
  } finally {
    standing.delete(path);
    writeFileSync(path, text);
  }
}

/** Calls `during` on the unchanged code, and puts the mutant back that stood there. */
export async function withOriginal(during) {
  for (const [path, { text }] of standing) writeFileSync(path, text);
  try {
    return await during();
  } finally {
    for (const [path, { changed }] of standing) writeFileSync(path, changed);
  }
}

/**
 * Runs one test file. Returns 'passed', 'failed' or 'timeout', with its milliseconds. The whole process group ends with it, so
 * that a workload which a broken test leaves behind does not disturb the next one.
 */
export function runTest(sandbox, file, limitMs, environment = {}) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(sandbox.folder, file)], {
      cwd: sandbox.folder,
      env: { ...process.env, ...sandbox.environment, ...environment },
      stdio: ['ignore', 'ignore', 'ignore'],
      detached: true,
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endGroup(child.pid);
    }, limitMs);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      endGroup(child.pid);
      const outcome = late ? 'timeout' : code === 0 && signal === null ? 'passed' : 'failed';
      resolve({ outcome, ms: performance.now() - started });
    });
  });
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (problem) {
    if (!(problem instanceof Error && 'code' in problem && problem.code === 'ESRCH')) throw problem;
  }
}
