// The structure of the house in numbers: node scripts/house.mjs [--json]
import { dirname } from 'node:path';
import { circles, floors, grouped } from './house/graph.mjs';
import { readFiles } from './house/read.mjs';
import { unusedExports } from './house/unused.mjs';
import { root } from './prepare.mjs';

const files = readFiles(root, ['src', 'test', 'lab']);
const product = [...files.values()].filter(({ path, isTest }) => path.startsWith('src/') && !isTest);
const graph = new Map(product.map(({ path, imports }) => [path, new Set(imports.map(({ to }) => to))]));

/** @type {(readonly [string, Map<string, Set<string>>])[]} */
const structure = [
  ['files', graph],
  ['folders, two levels deep', grouped(graph, (path) => dirname(path).split('/').slice(0, 3).join('/'))],
  ['folders', grouped(graph, (path) => dirname(path))],
  ...['src/simulator', 'src/model', 'src/model/kernel', 'src/simulator/kernel']
    .map((place) => /** @type {const} */ ([`files of ${place}`, within(graph, place)]))
    .filter(([, part]) => part.size > 0),
];

if (process.argv.includes('--json')) {
  console.log(
    JSON.stringify(
      { structure: structure.map(([name, part]) => ({ name, ...figures(part) })), counts: counts() },
      undefined,
      2,
    ),
  );
} else {
  console.log('| place | rooms | arrows | circles (largest) | floors |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const [name, part] of structure) {
    const { rooms, arrows, circles: many, largest, floors: high } = figures(part);
    console.log(`| ${name} | ${rooms} | ${arrows} | ${many} (${largest}) | ${high} |`);
  }
  console.log();
  for (const [name, value] of Object.entries(counts())) console.log(`${name}: ${value}`);
  for (const group of structure
    .slice(0, 3)
    .flatMap(([name, part]) => circles(part).map((one) => `${name}: ${one.join(' ')}`)))
    console.log(`circle of ${group}`);
}

function within(whole, place) {
  const inside = [...whole].filter(([path]) => path.startsWith(`${place}/`));
  const part = new Map(
    inside.map(([path, targets]) => [path, new Set([...targets].filter((to) => to.startsWith(`${place}/`)))]),
  );
  // Rooms of a place are its folders, and the files that stand in it by themselves.
  return grouped(part, (path) => path.slice(place.length + 1).split('/')[0]);
}

function figures(part) {
  const found = circles(part);
  return {
    rooms: part.size,
    arrows: [...part.values()].reduce((sum, targets) => sum + targets.size, 0),
    circles: found.length,
    largest: found[0]?.length ?? 0,
    floors: floors(part),
  };
}

function counts() {
  const functions = product.flatMap((file) => file.functions);
  const exported = product.flatMap((file) => file.exports);
  return {
    'lines of a function, median / p90 / max': quantiles(functions.map(({ lines }) => lines)),
    'lines of a file, median / p90 / max': quantiles(product.map(({ lines }) => lines)),
    'functions with six or more parameters': functions.filter(({ parameters }) => parameters > 5).length,
    'non-null assertions': sum(product, 'nonNull'),
    'any / as': `${sum(product, 'any')} / ${sum(product, 'casts')}`,
    'exported names with a doc comment': `${exported.filter(({ isDocumented }) => isDocumented).length} of ${exported.length}`,
    'exports used nowhere / by tests only': unused(),
  };
}

function unused() {
  const found = unusedExports(files);
  return `${found.filter(({ users }) => users.size === 0).length} / ${found.filter(({ users }) => users.size > 0).length}`;
}

function quantiles(values) {
  const sorted = values.sort((a, b) => a - b);
  return [0.5, 0.9, 1]
    .map((q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))])
    .join(' / ');
}

function sum(list, name) {
  return list.reduce((total, one) => total + one[name], 0);
}
