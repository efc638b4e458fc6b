import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CPUS } from '../../model/cpus/catalogue.js';
import { reachBytes } from '../../model/cpus/cpu.js';
import { GEOMETRY_4K, GIB, MIB } from '../../vocabulary/units.js';
import { accessedPoint } from './accessed-curve.js';

const percent = (share: number) => `${(share * 100).toFixed(1)} %`.padStart(8);

test('Kunpeng 920 with 2 MiB pages is blind below 4 GiB and sees above (T1)', () => {
  const points = [1, 2, 4, 8, 16].map((gib) =>
    accessedPoint(CPUS['kunpeng-920'], 'huge', gib * GIB, GEOMETRY_4K),
  );
  for (const point of points)
    console.log(`  ${point.workingSet / GIB} GiB: ${percent(point.seen)} seen again`);
  assert.ok(points.every(({ touched }) => touched > 0.999));
  assert.ok(points.filter(({ workingSet }) => workingSet <= 4 * GIB).every(({ seen }) => seen < 0.01));
  assert.ok(points.filter(({ workingSet }) => workingSet > 4 * GIB).every(({ seen }) => seen > 0.99));
});

test('Kunpeng 920 with 4 KiB pages turns from blind to seeing at 8 MiB', () => {
  const below = accessedPoint(CPUS['kunpeng-920'], 'base', 8 * MIB, GEOMETRY_4K);
  const above = accessedPoint(CPUS['kunpeng-920'], 'base', 16 * MIB, GEOMETRY_4K);
  assert.ok(below.seen < 0.01, `${below.seen}`);
  assert.ok(above.seen > 0.99, `${above.seen}`);
});

for (const cpu of Object.values(CPUS)) {
  test(`${cpu.name}: the curve turns at the reach of its second level`, () => {
    for (const kind of ['base', 'huge'] as const) {
      const reach = reachBytes(cpu, kind, 4096, 2 * MIB);
      const shares = [0.25, 0.5, 1, 2, 4].map(
        (factor) => accessedPoint(cpu, kind, reach * factor, GEOMETRY_4K).seen,
      );
      console.log(
        `  ${cpu.name} ${kind === 'base' ? '4K' : '2M'} reach ${reach / MIB} MiB: ${shares.map(percent)}`,
      );
      assert.ok(
        shares.slice(0, 3).every((seen) => seen < 0.01),
        `blind below the reach: ${shares}`,
      );
      assert.ok(
        shares.slice(3).every((seen) => seen > 0.98),
        `seeing above it: ${shares}`,
      );
    }
  });
}
