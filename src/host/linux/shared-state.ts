/**
 * Words that the main thread, which gets the signals, shares with the thread that runs the command.
 *
 * The command may be ended at any moment as long as it holds nothing, that is, has set up nothing that it would have
 * to put back. One word decides that without a race: the number of things held, or ENDING once the main thread has
 * decided to end the process; a command that wants to hold something then waits for the end instead.
 */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Why a command is to stop: a signal, or that its output can no longer be written. */
export const REASONS = [...STOP_SIGNALS, 'EPIPE', 'OUTPUT'] as const;
/** Why a command is to stop. */
export type Reason = (typeof REASONS)[number];

const WORD = { reason: 0, held: 1 } as const;
const ENDING = -1;

/** Reasons to stop and things held, as atomics in shared memory. */
export class SharedState {
  readonly words: Int32Array<SharedArrayBuffer>;

  constructor(words = new Int32Array(new SharedArrayBuffer(8))) {
    this.words = words;
  }

  /** The first reason stays. */
  raise(reason: Reason): void {
    Atomics.compareExchange(this.words, WORD.reason, 0, REASONS.indexOf(reason) + 1);
  }

  get reason(): Reason | undefined {
    return REASONS[Atomics.load(this.words, WORD.reason) - 1];
  }

  /** From here on the command wants to end by itself. Does not return when the process is about to be ended. */
  hold(): void {
    for (;;) {
      const held = Atomics.load(this.words, WORD.held);
      if (held === ENDING) Atomics.wait(this.words, WORD.held, ENDING);
      else if (Atomics.compareExchange(this.words, WORD.held, held, held + 1) === held) return;
    }
  }

  release(): void {
    // A word that says ENDING stays: nothing is counted any more.
    if (this.holds) Atomics.sub(this.words, WORD.held, 1);
  }

  get holds(): boolean {
    return Atomics.load(this.words, WORD.held) > 0;
  }

  /** Whether the process may be ended now: nothing is held, and nothing will be. */
  mayEnd(): boolean {
    const before = Atomics.compareExchange(this.words, WORD.held, 0, ENDING);
    return before === 0 || before === ENDING;
  }
}

/**
 * A signal whose `aborted` is true as soon as a reason was raised, even in the middle of a loop that never gives its
 * thread's event loop a turn. Looking costs one atomic load. Listeners are called by `notice()`, or by such a look.
 */
export function stopSignal(state: SharedState): { readonly signal: AbortSignal; notice(): void } {
  const controller = new AbortController();
  const { signal } = controller;
  const isAborted = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')?.get;
  const notice = () => {
    const { reason } = state;
    if (reason !== undefined && isAborted?.call(signal) !== true) controller.abort(reason);
  };
  Object.defineProperty(signal, 'aborted', {
    get() {
      notice();
      return isAborted?.call(signal) === true;
    },
  });
  return { signal, notice };
}
