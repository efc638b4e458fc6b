/** Turns of the event loop, for work that is done on the thread that has the signals. */

/** How long a signal may wait. */
const EVERY_MS = 10;

/** Returns a function to be called again and again: a promise when the event loop is due for a turn, else undefined. */
export function loopTurns(): () => Promise<void> | undefined {
  let lastMs = performance.now();
  const turn = () =>
    new Promise<void>((resolve) => {
      setImmediate(() => {
        lastMs = performance.now();
        resolve();
      });
    });
  return () => (performance.now() - lastMs < EVERY_MS ? undefined : turn());
}
