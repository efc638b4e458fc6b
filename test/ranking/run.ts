/** Prints the table of docs/decisions/0920: what rules get of the bound, by family and samples a block. */
import { FAMILIES, type Family } from './families.js';
import { RULES, type RuleName } from './rules.js';
import { scores } from './score.js';

const AT = Array.from({ length: 19 }, (_, index) => 0.05 * (index + 1));
const option = (name: string, usual: number) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? usual : Number(process.argv[at + 1]);
};
const seeds = option('--seeds', 3);
const accesses = option('--accesses', 200_000);
const names = Object.keys(RULES) as RuleName[];

for (const samplesPerBlock of [300, 30]) {
  console.log(`\n${samplesPerBlock} samples a block, ${seeds} seeds; share of the bound's area in percent`);
  console.log(`| world | ${names.join(' | ')} |\n|---|${names.map(() => '---|').join('')}`);
  const logs = names.map(() => 0);
  const families = Object.keys(FAMILIES) as Family[];
  for (const family of families) {
    const means = names.map(() => 0);
    for (let seed = 1; seed <= seeds; seed++) {
      const row = scores(family, { samplesPerBlock, seed: 100 * seed, accesses, at: AT });
      names.forEach((name, index) => {
        means[index] += row[name] / seeds;
      });
    }
    means.forEach((mean, index) => {
      logs[index] += Math.log(mean) / families.length;
    });
    console.log(`| ${family} | ${means.map((mean) => (100 * mean).toFixed(1)).join(' | ')} |`);
  }
  console.log(`| geometric mean | ${logs.map((log) => (100 * Math.exp(log)).toFixed(1)).join(' | ')} |`);
}
