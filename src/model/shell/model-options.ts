import { OctavoError } from '../../vocabulary/errors.js';
import { MIB, type PageGeometry } from '../../vocabulary/units.js';
import { GENERATION_NAMES, GENERATIONS, type Generation } from '../kernel/damon/core/generations.js';
import { type Architecture, geometryOf, type KernelOptions, RELEASES } from '../kernel/state/options.js';
import { parseSize } from './words.js';

/** A machine as words describe it, on a command line. */
export type MachineWords = {
  readonly seed?: string;
  readonly memory?: string;
  readonly swap?: string;
  readonly release?: string;
  readonly architecture?: string;
  readonly pageSize?: string;
  readonly fragmentation?: string;
};

/** Smallest and largest machine that makes sense: 64 MiB, 4 TiB. */
const LEAST_MEMORY = 64 * MIB;
const MOST_MEMORY = 4 * 1024 ** 4;

/** Checks the words and makes options of them. Throws USAGE with the word that is wrong. */
export function kernelOptions(words: MachineWords): Partial<KernelOptions> {
  const architecture = words.architecture ?? 'x64';
  if (architecture !== 'x64' && architecture !== 'arm64')
    throw wrong(`--architecture ${architecture}: x64 or arm64`);
  const release = generationOf(words).release;
  return {
    seed: integer('seed', words.seed ?? '1'),
    memoryBytes: size('memory', words.memory ?? '4G', LEAST_MEMORY, MOST_MEMORY),
    swapBytes: size('swap', words.swap ?? '0', 0, MOST_MEMORY),
    features: RELEASES[release],
    architecture,
    geometry: geometry(words.pageSize ?? '4K', architecture),
    fragmentation: share(words.fragmentation ?? '0'),
  };
}

/** The kernel generation that the words name, 7.3 when they name none. */
export function generationOf({ release = '7.3' }: MachineWords): Generation {
  const name = GENERATION_NAMES.find((known) => known === release);
  if (name === undefined) throw wrong(`--release ${release}: one of ${GENERATION_NAMES.join(', ')}`);
  return GENERATIONS[name];
}

function geometry(word: string, architecture: Architecture): PageGeometry {
  const found = geometryOf(architecture, parseSize(word) ?? 0);
  if (found !== undefined) return found;
  throw wrong(`--page-size ${word}: 4K, and on arm64 also 16K or 64K`);
}

function size(name: string, word: string, least: number, most: number): number {
  const bytes = parseSize(word);
  if (bytes === undefined) throw wrong(`--${name} ${word}: bytes, or a number with K, M or G`);
  if (bytes < least || bytes > most) throw wrong(`--${name} ${word}: from ${least / MIB}M to ${most / MIB}M`);
  return bytes;
}

function integer(name: string, word: string): number {
  if (!/^\d{1,10}$/.test(word) || Number(word) > 4294967295)
    throw wrong(`--${name} ${word}: a 32-bit number`);
  return Number(word);
}

function share(word: string): number {
  const value = Number(word);
  if (!/^[01](\.\d+)?$/.test(word) || value > 1) throw wrong(`--fragmentation ${word}: from 0 to 1`);
  return value;
}

function wrong(problem: string): OctavoError {
  return new OctavoError('USAGE', { problem, command: 'model shell' });
}
