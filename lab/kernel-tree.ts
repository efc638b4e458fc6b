/**
 * A kernel source tree with the series of kernel/ in it, kept from build to build. When the series changes, only the
 * files whose text became another one are replaced, with a fresh time, so that make builds just what depends on them.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { LabUnavailable } from './apt.js';

/** Where things are below the folder of the built kernel. */
export interface TreePlaces {
  /** The source as it was unpacked. Never changed. */
  readonly pristine: string;
  /** Hard links to it, and files of their own where the series has been. */
  readonly source: string;
  /** What the series has put there the last time, one path a line. */
  readonly manifest: string;
  /** The touched files only, while the series is being applied to them. */
  readonly stage: string;
}

export function treePlaces(home: string): TreePlaces {
  return {
    pristine: join(home, 'pristine'),
    source: join(home, 'source'),
    manifest: join(home, 'touched-files'),
    stage: join(home, 'stage'),
  };
}

/** Unpacks the source archive unless that has been done; an interrupted run leaves no half a tree behind. */
export function unpackSource(archive: string, places: TreePlaces, run: Run): void {
  if (!existsSync(places.pristine)) {
    const partial = emptyFolder(`${places.pristine}.partial`);
    run('tar', ['-C', partial, '--strip-components=1', '-xf', archive]);
    renameSync(partial, places.pristine);
  }
  if (existsSync(places.source)) return;
  const partial = `${places.source}.partial`;
  rmSync(partial, { recursive: true, force: true });
  rmSync(places.manifest, { force: true });
  run('cp', ['-al', places.pristine, partial]);
  renameSync(partial, places.source);
}

/** Brings the tree to the state of the series in `folder`. Returns the files that got another text. */
export function applySeries(folder: string, places: TreePlaces, run: Run): string[] {
  const stage = emptyFolder(places.stage);
  for (const file of editedFiles(folder)) copyIfThere(join(places.pristine, file), join(stage, file));
  run(join(folder, 'apply.sh'), [stage]);
  const wanted = filesBelow(stage).map((file) => relative(stage, file));
  const before = existsSync(places.manifest) ? readFileSync(places.manifest, 'utf8').split('\n') : [];
  const union = [...new Set([...wanted, ...before.filter((file) => file !== '')])].sort();
  // Written before the tree changes: a run that is interrupted below is put right by the next one.
  writeFileSync(places.manifest, union.map((file) => `${file}\n`).join(''));
  const changed = union.filter((file) => replaceIfOther(file, stage, places));
  rmSync(stage, { recursive: true, force: true });
  return changed;
}

/** By these apply.sh knows a kernel source tree. */
const KERNEL_MARKS = ['mm/damon/core.c', 'mm/khugepaged.c'];

type Run = (command: string, parameters: readonly string[]) => void;

/** The existing files that the series changes, by the `file` directives of its edits. */
function editedFiles(folder: string): string[] {
  const edits = filesBelow(join(folder, 'series')).filter((file) => file.endsWith('/edits'));
  if (edits.length === 0) throw new LabUnavailable(`${folder} holds no series`);
  const named = edits.flatMap((file) => readFileSync(file, 'utf8').match(/^file .+$/gm) ?? []);
  const files = named.map((line) => line.slice('file '.length).trim());
  return [...new Set([...KERNEL_MARKS, ...files])].sort();
}

function replaceIfOther(file: string, stage: string, places: TreePlaces): boolean {
  const [staged, original, target] = [stage, places.pristine, places.source].map((root) => join(root, file));
  const wanted = existsSync(staged) ? staged : original;
  if (!existsSync(wanted)) {
    const there = existsSync(target);
    rmSync(target, { force: true });
    return there;
  }
  if (existsSync(target) && readFileSync(target).equals(readFileSync(wanted))) return false;
  // A new inode, because the old one may be the pristine tree's; the time of now, because make goes by it.
  rmSync(target, { force: true });
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(wanted, target);
  return true;
}

function copyIfThere(from: string, to: string): void {
  if (!existsSync(from)) return;
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function emptyFolder(path: string): string {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}

/** All files of a folder in a stable order; a file is its own only one. */
export function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

/** Runs a command to its end; a failure tells the last lines that it printed. */
export function runCommand(command: string, parameters: readonly string[]): void {
  const result = spawnSync(command, parameters, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (result.error) throw new LabUnavailable(`${command}: ${result.error.message}`);
  if (result.status !== 0)
    throw failure(command, parameters, result.status, `${result.stdout}${result.stderr}`);
}

export function failure(
  command: string,
  parameters: readonly string[],
  status: number | null,
  output: string,
): LabUnavailable {
  const last = output.trim().split('\n').slice(-12).join('\n  | ');
  return new LabUnavailable(`${[command, ...parameters].join(' ')} ended with ${status}\n  | ${last}`);
}
