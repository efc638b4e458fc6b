/** Numbers over time in a line of letters, each an eighth higher. */

const STEPS = '▁▂▃▄▅▆▇█';
/** Where nothing is known. */
const UNKNOWN = ' ';

/** One letter for each number: the lowest is 0, or the least where some are negative. */
export function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  const least = Math.min(0, ...known);
  const largest = Math.max(0, ...known);
  const letter = (value: number) => {
    const share = largest === least ? 0 : (value - least) / (largest - least);
    return STEPS[Math.round(share * (STEPS.length - 1))];
  };
  return values.map((value) => (value === null ? UNKNOWN : letter(value))).join('');
}
