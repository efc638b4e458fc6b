/** The guard of the user's metric against one metric: how often it stops for nothing, and how soon for something. */
import { SeededRandom } from '../../../src/base/seeded-random.js';
import { MetricGuard } from '../../../src/guards/metric.js';
import type { Noise } from './noises.js';

const OPTIONS = { name: 'p99', worse: 'higher', margin: 0.1 } as const;

export interface Setting {
  readonly noise: Noise;
  /** Seconds between two acts. */
  readonly actEvery: number;
  /** Seconds between two readings. */
  readonly readEvery: number;
  readonly seed: number;
}

interface Metered {
  /** Seconds at which it was stopped. */
  readonly stops: readonly number[];
}

/** Runs a guard over a metric that becomes worse by `worse(second)`, as a share. */
function run(
  { noise, actEvery, readEvery, seed }: Setting,
  seconds: number,
  worse: (second: number) => number,
  stopAtFirst: boolean,
): Metered {
  const next = noise.begin(new SeededRandom(seed));
  const guard = new MetricGuard(OPTIONS);
  const stops: number[] = [];
  for (let second = 0; second < seconds; second++) {
    const { value, control } = next(second);
    if (second % readEvery !== 0) continue;
    const acted = second >= LEARNING && second % actEvery < readEvery;
    const metric = {
      value: value * (1 + worse(second)),
      acted,
      ...(control === undefined ? {} : { control }),
    };
    const { objections } = guard.observe(1000 * second, { metric });
    if (!objections.some(({ how }) => how === 'stop')) continue;
    stops.push(second);
    if (stopAtFirst) break;
  }
  return { stops };
}

/** Ten minutes, as a guard has had that watched for a while. */
const LEARNING = 600;

/** Stops for nothing within so many hours of acting. */
export function falseStops(setting: Setting, hours: number): number {
  return run(setting, LEARNING + 3600 * hours, () => 0, false).stops.length;
}

/** Within an hour a fifth of which has passed, it becomes worse for good: seconds until the stop, Infinity when later than that hour. */
export function secondsToStop(setting: Setting, worsening: number): number {
  const at = LEARNING + 720 + (setting.seed % 60);
  const { stops } = run(setting, LEARNING + 3600, (second) => (second < at ? 0 : worsening), true);
  const [stop] = stops;
  if (stop === undefined) return Number.POSITIVE_INFINITY;
  return stop < at ? Number.NaN : stop - at;
}
