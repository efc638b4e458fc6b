/** Work that any of several signals ends. */

/**
 * Does something under a signal of its own that aborts when one of `signals` does, with its reason. Nothing is left at a signal
 * that lives for long, as AbortSignal.any leaves it with some versions of Node.
 */
export async function underEither<Value>(
  signals: readonly AbortSignal[],
  act: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const own = new AbortController();
  const heard = signals.map((signal) => {
    const pass = () => own.abort(signal.reason);
    if (signal.aborted) pass();
    else signal.addEventListener('abort', pass, { once: true });
    return () => signal.removeEventListener('abort', pass);
  });
  try {
    return await act(own.signal);
  } finally {
    for (const forget of heard) forget();
  }
}
