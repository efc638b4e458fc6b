// The blind spot of accessed bits as a curve: of the entries of a hot working set, how many have their cleared accessed
// bit set again within one window. Working sets are a quarter to four times the reach of the second-level TLB.
//   node scripts/accessed-curve.mjs [--seed N] [CPU …]     every CPU when none is named
import { parseArgs } from 'node:util';
import { prepare } from './prepare.mjs';

prepare();
const { CPUS } = await import('../dist/src/model/cpus/catalogue.js');
const { reachBytes } = await import('../dist/src/model/cpus/cpu.js');
const { accessedPoint } = await import('../dist/src/simulator/run/accessed-curve.js');
const { GEOMETRY_4K } = await import('../dist/src/vocabulary/units.js');

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const names = positionals.length > 0 ? positionals : Object.keys(CPUS);
const unknown = names.find((name) => !Object.hasOwn(CPUS, name));
if (unknown !== undefined || !/^\d{1,9}$/.test(values.seed)) {
  console.error(
    unknown === undefined
      ? `octavo: \`${values.seed}\` is no seed`
      : `octavo: no CPU is called ${unknown}; there are ${Object.keys(CPUS).join(', ')}`,
  );
  process.exit(2);
}
/** @type {(readonly ['base' | 'huge', string])[]} */
const KINDS = [
  ['base', '4 KiB'],
  ['huge', '2 MiB'],
];
const FACTORS = [0.25, 0.5, 1, 2, 4];
for (const name of names) {
  console.log(`${name}: ${CPUS[name].title}`);
  for (const [kind, pages] of KINDS) {
    const reach = reachBytes(CPUS[name], kind, GEOMETRY_4K.pageBytes, GEOMETRY_4K.blockBytes);
    const points = FACTORS.map((factor) =>
      accessedPoint(CPUS[name], kind, reach * factor, GEOMETRY_4K, { seed: Number(values.seed) }),
    );
    const shown = points.map(
      ({ workingSet, seen }) => `${size(workingSet)} ${(seen * 100).toFixed(1).padStart(5)} %`,
    );
    console.log(`  ${pages} pages  ${shown.join('  ')}`);
  }
}

function size(bytes) {
  const [unit, shift] = bytes >= 2 ** 30 ? ['GiB', 30] : ['MiB', 20];
  return `${String(bytes / 2 ** shift).padStart(5)} ${unit}`;
}
