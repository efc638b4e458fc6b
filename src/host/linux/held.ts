/** What this process has set up in the world and would have to put back. Counted where it is done, by the host. */
import type { SharedState } from '../thread/shared.js';

let state: SharedState | undefined;
const paths = new Set<string>();

/** From now on what is held is counted there. Without it nothing is counted: nobody ends the process from outside. */
export function countHeldIn(shared: SharedState): void {
  state = shared;
}

/** Something was begun that this process has to end: until `release` it is asked to stop and not just ended. */
export function hold(): void {
  state?.hold();
}

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

/** Holds what is made at a path (a lock, a tracing instance) until `releasePath`, unless making it fails. */
export function holdingPath<Made extends { readonly ok: boolean }>(path: string, make: () => Made): Made {
  hold();
  const made = make();
  if (!made.ok || paths.has(path)) release();
  else paths.add(path);
  return made;
}

export function releasePath(path: string): void {
  if (paths.delete(path)) release();
}

/** Whether a lock is held: what is changed under it is put back before it is given up. */
export function holdsPath(): boolean {
  return paths.size > 0;
}
