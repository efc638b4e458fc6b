/** Seeded 32-bit draws (xorshift32, Marsaglia 2003), so that a failing draw can be drawn again. */
export function xorshift(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
