/** Places along a line, moved as little as needed so that they are `least` apart and between two ends. Keeps their order. */
export function spreadApart(
  wanted: readonly number[],
  least: number,
  [from, to]: readonly [from: number, to: number],
): readonly number[] {
  const order = wanted.map((_, at) => at).sort((a, b) => wanted[a] - wanted[b] || a - b);
  const places = [...wanted];
  let free = from;
  for (const at of order) {
    places[at] = Math.max(free, wanted[at]);
    free = places[at] + least;
  }
  let end = to;
  for (const at of [...order].reverse()) {
    places[at] = Math.min(end, places[at]);
    end = places[at] - least;
  }
  return places;
}
