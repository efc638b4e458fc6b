/** Moves of the window that are seen as movement, unless the reader wants none. */
import { between, type MapWindow } from '../../view/window.js';

const GLIDE_MS = 180;

/** One movement at a time. */
export class Glide {
  #frame = 0;

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }

  start(from: MapWindow, wanted: MapWindow, move: (window: MapWindow) => void): void {
    this.stop();
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      move(wanted);
      return;
    }
    const start = performance.now();
    const step = (now: number) => {
      const share = Math.min(1, (now - start) / GLIDE_MS);
      if (share < 1) this.#frame = requestAnimationFrame(step);
      move(between(from, wanted, 1 - (1 - share) ** 3));
    };
    step(start);
  }
}
