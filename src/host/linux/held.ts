/** What this process has set up in the world and would have to put back. Counted where it is done, by the host. */
import type { SharedState } from '../thread/shared.js';

let state: SharedState | undefined;

/** From now on what is held is counted there. Without it nothing is counted: nobody ends the process from outside. */
export function countHeldIn(shared: SharedState): void {
  state = shared;
}

/** Something was begun that only this process can bring to its end: from here on it is asked to stop, never ended. */
export function hold(): void {
  state?.hold();
}

/** The same for the time of one act that ends by itself. */
export function holding<Value>(act: () => Value): Value {
  state?.hold();
  try {
    return act();
  } finally {
    state?.release();
  }
}
