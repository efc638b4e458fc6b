import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GEOMETRY_4K, MIB } from '../../vocabulary/units.js';
import { Tlb, windowsFor } from '../hardware/tlb.js';
import { CPU_NAMES, CPUS, isCpuName } from './catalogue.js';
import { type Figure, reachBytes } from './cpu.js';

function* figures(value: unknown): Iterable<Figure> {
  if (typeof value !== 'object' || value === null) return;
  if ('certainty' in value) yield value as Figure;
  else for (const inner of Object.values(value)) yield* figures(inner);
}

for (const name of CPU_NAMES) {
  test(`${name}: every figure has a source and a mark, and the machine can be built`, () => {
    const cpu = CPUS[name];
    assert.equal(cpu.name, name);
    const all = [...figures(cpu)];
    assert.ok(all.length >= 10);
    for (const { value, certainty, source } of all) {
      assert.ok(value > 0 && source.length > 3 && certainty.length > 0, JSON.stringify({ value, source }));
    }
    new Tlb(cpu, windowsFor(cpu, GEOMETRY_4K));
  });
}

test('reach of the second level, as measured and published', () => {
  const reach = (name: keyof typeof CPUS, kind: 'base' | 'huge') =>
    reachBytes(CPUS[name], kind, 4096, 2 * MIB) / MIB;
  assert.deepEqual([reach('kunpeng-920', 'base'), reach('kunpeng-920', 'huge')], [8, 4096]);
  assert.deepEqual([reach('neoverse-n1', 'base'), reach('neoverse-n1', 'huge')], [5, 2560]);
  assert.deepEqual([reach('ice-lake', 'base'), reach('ice-lake', 'huge')], [8, 2048]);
  assert.deepEqual([reach('zen4', 'base'), reach('zen4', 'huge')], [12, 6144]);
  assert.deepEqual([reach('zen5', 'base'), reach('zen5', 'huge')], [16, 8192]);
});

test('names are told apart from what is no CPU', () => {
  assert.ok(isCpuName('zen3'));
  assert.ok(!isCpuName('toString'));
});
