/** What this process has set up in the world and would have to put back. Counted where it is done, by the host. */
import type { SharedState } from './shared-state.js';

/** Told of each lock file before it is made, and after it is given up: the process that ends this one removes it. */
export type LockListener = (path: string, held: boolean) => void;

let state: SharedState | undefined;
let tell: LockListener = () => undefined;
/** What was made at a path and lives until it is removed or closed. */
const paths = new Set<string>();
const locks = new Set<string>();
/** Something was changed under a lock. It is put back before the lock is given up. */
let changedUnderLock = false;

/** From now on what is held is counted there. Without it nothing is counted: no other process ends this one. */
export function countHeldIn(shared: SharedState, listener: LockListener): void {
  state = shared;
  tell = listener;
}

/** Something was begun that this process has to end: until `release` it is asked to stop and not just ended. */
export function hold(): void {
  state?.hold();
}

/** Says that one thing was put back. */
export function release(): void {
  state?.release();
}

/** The same for the time of one act that ends by itself. */
export function holding<Value>(act: () => Value): Value {
  hold();
  try {
    return act();
  } finally {
    release();
  }
}

/** Holds what is made at a path (an open journal, a tracing instance) until `releasePath`, unless making it fails. */
export function holdingPath<Made extends { readonly ok: boolean }>(path: string, make: () => Made): Made {
  hold();
  const made = make();
  if (!made.ok || paths.has(path)) release();
  else paths.add(path);
  return made;
}

/** Makes a lock file. A lock alone does not delay the end of this process: the process that ends it removes the file. */
export function holdingLock<Made extends { readonly ok: boolean }>(path: string, make: () => Made): Made {
  return holding(() => {
    tell(path, true);
    const made = make();
    if (made.ok) locks.add(path);
    else if (!locks.has(path)) tell(path, false);
    return made;
  });
}

/** What is at the path has been removed or closed. */
export function releasePath(path: string): void {
  if (paths.delete(path)) release();
  if (!locks.delete(path)) return;
  tell(path, false);
  if (locks.size > 0 || !changedUnderLock) return;
  changedUnderLock = false;
  release();
}

/** Changes the kernel's state: held until the lock around it is given up, and for good where there is none. */
export function changing<Value>(act: () => Value): Value {
  if (locks.size === 0 || !changedUnderLock) hold();
  if (locks.size > 0) changedUnderLock = true;
  return act();
}
