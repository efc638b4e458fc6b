/**
 * The terminal while a command draws on all of it: keys come as they are typed, on a screen beside the one that was there.
 * The main thread takes and releases it, so that it is put back however the command ends.
 */

const TAKE = '\x1b[?1049h\x1b[?25l';
const RELEASE = '\x1b[?25h\x1b[?1049l';
/** Ctrl-C, which is a letter like any other then. */
const INTERRUPT = 3;

/** Takes the alternate screen and raw input, and gives both back once. */
export class TakenScreen {
  #isTaken = false;

  /** Told of each new size of the terminal while it is taken. */
  onResize: (columns: number, rows: number) => void = () => undefined;

  take(): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    process.stdin.setRawMode?.(true);
    process.stdout.on('resize', this.#resized);
    process.stdout.write(TAKE);
  }

  release(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    process.stdout.off('resize', this.#resized);
    process.stdin.setRawMode?.(false);
    process.stdout.write(RELEASE);
  }

  /** Whether Ctrl-C was typed, which would have been SIGINT. */
  isInterrupted(bytes: Uint8Array | undefined): boolean {
    return this.#isTaken && bytes?.includes(INTERRUPT) === true;
  }

  readonly #resized = () => this.onResize(process.stdout.columns, process.stdout.rows);
}
