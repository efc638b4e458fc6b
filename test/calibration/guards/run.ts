/**
 * Calibration of the guard of the user's metric: `npm run calibration:guards -- [--hours N] [--draws N] [--seed N]`. Ends
 * with 1 when it stops more often for nothing, or later for something, than docs/guards.md promises.
 */
import { parseArgs } from 'node:util';
import { NOISES } from './noises.js';
import { falseStops, secondsToStop } from './trial.js';

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '200' },
    draws: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
  },
});
const hours = Number(values.hours);
const draws = Number(values.draws);
const SIZES = [0.15, 0.2, 0.3, 0.5, 1] as const;
const EVERY = [
  [1, 10],
  [1, 300],
  [10, 60],
] as const;
/** Stops for nothing an hour, at most, of any metric. */
const MOST_FALSE = 0.1;

const lines: string[] = [];
let wrong = 0;
for (const [readEvery, actEvery] of EVERY) {
  lines.push('', `## Read every ${readEvery} s, acted every ${actEvery} s; margin 10 %`, '');
  lines.push(
    `| metric | false stops an hour | ${SIZES.map((size) => `+${100 * size} %: median s (within 60 s)`).join(' | ')} |`,
  );
  lines.push(`|---|---|${SIZES.map(() => '---').join('|')}|`);
  for (const noise of NOISES) {
    const setting = { noise, readEvery, actEvery, seed: Number(values.seed) };
    const rate = falseStops(setting, hours) / hours;
    if (rate > MOST_FALSE) wrong++;
    const times = SIZES.map((size) => timesOf(setting, size));
    lines.push(`| ${noise.name} | ${rate.toFixed(3)} | ${times.join(' | ')} |`);
  }
}
console.log(lines.join('\n'));
console.log(wrong === 0 ? '\nAll within bounds.' : `\n${wrong} metrics stop for nothing too often.`);
process.exit(wrong === 0 ? 0 : 1);

function timesOf(setting: Parameters<typeof secondsToStop>[0], size: number): string {
  const times = Array.from({ length: draws }, (_, draw) =>
    secondsToStop({ ...setting, seed: setting.seed + 1000 + draw }, size),
  ).filter((time) => !Number.isNaN(time));
  times.sort((one, other) => one - other);
  const middle = times[Math.floor(times.length / 2)];
  const soon = times.filter((time) => time <= 60).length;
  return `${Number.isFinite(middle) ? middle : 'not'} (${Math.round((100 * soon) / times.length)} %)`;
}
