/**
 * A table of what perf says of each recording kept beside the checkout and what `octavo import --json` says, in
 * Markdown. Started by scripts/differential/oracles.mjs; fails when a difference is not an explained one.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findCorpus, ROOT } from '../support/corpus.js';
import { DIFFERENCES, isCompared, nameOf, type Oracle, oracleOf, recordingsOf } from './corpus-oracles.js';

interface Imported {
  readonly samples: number;
  readonly withAddress: number;
  readonly sumAddress: string;
  readonly xorAddress: string;
  readonly pages4k: number;
  readonly pages2m: number;
  readonly pages2mPhysical: number;
  readonly byThread: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly damaged: number;
}

const COLUMNS: readonly (readonly [title: string, oracle: keyof Oracle, own: keyof Imported])[] = [
  ['samples', 'samples', 'samples'],
  ['with address', 'with_addr', 'withAddress'],
  ['sum', 'sum_addr', 'sumAddress'],
  ['xor', 'xor_addr', 'xorAddress'],
  ['4 KiB pages', 'pages4k', 'pages4k'],
  ['2 MiB blocks', 'pages2m', 'pages2m'],
  ['physical blocks', 'pages2m_phys', 'pages2mPhysical'],
  ['threads', 'by_tid', 'byThread'],
];

const corpus = findCorpus('data/perf');
if (corpus === undefined) console.log('oracles: skipped, no ../shared/data/perf beside the checkout');
else table(corpus);

function table(root: string): void {
  const notes: string[] = [];
  let same = 0;
  let explained = 0;
  const paths = recordingsOf(root);
  console.log(`| recording | ${COLUMNS.map(([title]) => title).join(' | ')} | lost | damaged bytes |`);
  console.log(`| --- |${' --- |'.repeat(COLUMNS.length + 2)}`);
  for (const path of paths) {
    const own = imported(join(root, path));
    const oracle = oracleOf(root, path);
    const difference = DIFFERENCES[nameOf(path)];
    const cells = COLUMNS.map(([title, theirs, ours]) => {
      const right = { ...oracle, ...difference?.octavo }[theirs];
      if (isCompared(path, theirs, oracle) && !isEqual(own[ours], right))
        notes.push(`${path}: ${title} is ${shown(own[ours])}, not ${shown(right)}: NOT EXPLAINED`);
      return cell(own[ours], oracle[theirs], isCompared(path, theirs, oracle));
    });
    console.log(`| ${path} | ${cells.join(' | ')} | ${own.lost} | ${own.damaged} |`);
    if (difference === undefined) same++;
    else {
      explained++;
      notes.push(`${path}: ${difference.why}.`);
    }
  }
  console.log(`\n${paths.length} recordings: ${same} as perf says, ${explained} otherwise, and why:`);
  for (const note of notes) console.log(`- ${note}`);
  if (notes.some((note) => note.endsWith('NOT EXPLAINED'))) process.exitCode = 1;
}

function imported(path: string): Imported {
  const words = [join(ROOT, 'dist/src/main.js'), 'import', path, '--json'];
  const ended = spawnSync(process.execPath, words, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (ended.status !== 0) throw new Error(`${path}: ${ended.stderr}`);
  return JSON.parse(ended.stdout);
}

/** Octavo's number, and perf's beside it when that is another one. */
function cell(own: unknown, theirs: unknown, isComparable: boolean): string {
  if (!isComparable) return `${shown(own)} (no oracle)`;
  return isEqual(own, theirs) ? shown(own) : `**${shown(own)}** (perf ${shown(theirs)})`;
}

function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? String(Object.keys(value).length) : String(value);
}

function isEqual(one: unknown, other: unknown): boolean {
  const sorted = (value: unknown) =>
    typeof value === 'object' && value !== null
      ? JSON.stringify(Object.entries(value).sort())
      : String(value);
  return sorted(one) === sorted(other);
}
