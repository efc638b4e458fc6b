/** What perf 7.3.4 says of the recordings kept beside the checkout, and where Octavo says something else on purpose. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Oracle {
  readonly samples: number;
  readonly with_addr: number;
  readonly sum_addr: string;
  readonly xor_addr: string;
  readonly pages4k: number;
  readonly pages2m: number;
  readonly pages2m_phys: number;
  readonly by_tid?: Readonly<Record<string, number>>;
}

export interface Difference {
  readonly why: string;
  /** What is right, where it is not what perf says. */
  readonly octavo: Partial<Oracle>;
}

export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'quipper-intel_pt-4.14.data': {
    why: 'perf adds 17 events that it synthesizes from Intel PT; the file holds 15 samples',
    octavo: { samples: 15, by_tid: { '3174/3174': 15 } },
  },
  'ibs-zen3-rawonly.data': {
    why: 'perf prints no address for IBS registers in RAW; these are the numbers of the generator',
    octavo: {
      with_addr: 1110,
      sum_addr: '0x226aa000a8f8b38',
      pages4k: 92,
      pages2m: 7,
      pages2m_phys: 536,
    },
  },
  'mem-callchain-cgroup.data': {
    why: 'perf prints the physical address behind the call chain, where the oracle did not look; as the generator says',
    octavo: { pages2m_phys: 298 },
  },
  'pf-multi-cg-61.data': {
    why: 'perf prints the physical address behind the call chain, where the oracle did not look; as `perf script -G` says',
    octavo: { pages2m_phys: 4 },
  },
  'spe-hostile.data': {
    why: 'perf makes a memory sample without address of a damaged record and one of vector arithmetic',
    octavo: { samples: 23, by_tid: { '1000/1000': 22, '1000/1001': 1 } },
  },
};

/** perf's own xor over the addresses in RAW is not to be had; threads of injected samples are listed by another name. */
const NOT_COMPARED: Readonly<Record<string, readonly (keyof Oracle)[]>> = {
  'ibs-zen3-rawonly.data': ['xor_addr'],
  'spe-injected-by-perf-7.3.4.data': ['by_tid'],
};

/** Paths below the corpus of all recordings that have an oracle. */
export function recordingsOf(corpus: string): string[] {
  return readdirSync(corpus)
    .flatMap((folder) =>
      folder.includes('.') ? [] : readdirSync(join(corpus, folder)).map((name) => `${folder}/${name}`),
    )
    .filter((path) => path.endsWith('.oracle'))
    .map((path) => path.slice(0, -'.oracle'.length))
    .sort();
}

/** For SPE what perf calls memory samples, else all samples. */
export function oracleOf(corpus: string, path: string): Oracle {
  const document = JSON.parse(readFileSync(join(corpus, `${path}.oracle`, 'oracle.json'), 'utf8'));
  return document.M ?? document.samples;
}

export function nameOf(path: string): string {
  return path.split('/').at(-1) as string;
}

/** Whether a number of this recording can be held against the oracle at all. */
export function isCompared(path: string, key: keyof Oracle, oracle: Oracle): boolean {
  return !NOT_COMPARED[nameOf(path)]?.includes(key) && !(key === 'by_tid' && isCut(oracle));
}

/** The oracle lists only the threads with the most samples. */
function isCut(oracle: Oracle): boolean {
  const listed = Object.values(oracle.by_tid ?? {}).reduce((sum, count) => sum + count, 0);
  return listed !== oracle.samples;
}
