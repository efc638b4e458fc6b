/** The least of a function that falls and then rises. */

const GOLDEN = (Math.sqrt(5) - 1) / 2;
const STEPS = 7;

/** Where between `low` and `high` it is least, to two hundredths of their distance (golden section). */
export function leastOver(low: number, high: number, valueAt: (x: number) => number): number {
  let [from, to] = [low, high];
  let [left, right] = [to - GOLDEN * (to - from), from + GOLDEN * (to - from)];
  let [atLeft, atRight] = [valueAt(left), valueAt(right)];
  for (let step = 0; step < STEPS; step++) {
    if (atLeft <= atRight) {
      to = right;
      [right, atRight] = [left, atLeft];
      left = to - GOLDEN * (to - from);
      atLeft = valueAt(left);
    } else {
      from = left;
      [left, atLeft] = [right, atRight];
      right = from + GOLDEN * (to - from);
      atRight = valueAt(right);
    }
  }
  return atLeft <= atRight ? left : right;
}
