/**
 * masim's own configuration (sjp38/masim, README and masim.c): paragraphs with an empty line between them; the first
 * lists regions (`name, bytes[, file]`), each further one is a phase: its name, its milliseconds, and lines of
 * `region, random (1 or 0), stride, probability[, ro|wo|rw]`. Lines that begin with # are comments.
 */
import { OctavoError } from '../vocabulary/errors.js';
import type { Bytes, Milliseconds } from '../vocabulary/units.js';

/** A region that masim allocates. */
export interface MasimRegion {
  readonly name: string;
  readonly bytes: Bytes;
}

/** How a phase accesses one region. */
export interface MasimPattern {
  readonly region: string;
  readonly isRandom: boolean;
  readonly stride: Bytes;
  /** Relative to the other patterns of the phase. */
  readonly probability: number;
  readonly mode: 'ro' | 'wo' | 'rw';
}

/** A stretch of time with the same patterns. */
export interface MasimPhase {
  readonly name: string;
  readonly ms: Milliseconds;
  readonly patterns: readonly MasimPattern[];
}

/** A whole configuration. */
export interface MasimConfig {
  readonly regions: readonly MasimRegion[];
  readonly phases: readonly MasimPhase[];
}

interface Line {
  readonly text: string;
  readonly number: number;
}

/** masim writes where a pattern names no mode (default_rw_mode). */
const DEFAULT_MODE = 'wo';
/** Beyond this no host is simulated, nor a phase. */
const MOST_BYTES = 2 ** 42;
const MOST_MS = 1e10;

/** Parses a configuration. Throws FILE_MALFORMED with the line. */
export function parseMasim(text: string, path: string): MasimConfig {
  const refuse = (problem: string, { number }: Pick<Line, 'number'>): OctavoError =>
    new OctavoError('FILE_MALFORMED', { path, problem, place: `line ${number}` });
  const [first, ...rest] = paragraphs(text);
  if (first === undefined) throw refuse('no regions', { number: 1 });
  const regions = first.map((line) => regionOf(line, refuse));
  const names = new Set<string>();
  for (const [index, { name }] of regions.entries()) {
    if (names.has(name)) throw refuse(`a second region is called ${name}`, first[index]);
    names.add(name);
  }
  if (rest.length === 0) throw refuse('no phase behind the regions', first[first.length - 1]);
  return { regions, phases: rest.map((lines) => phaseOf(lines, names, refuse)) };
}

type Refuse = (problem: string, line: Line) => OctavoError;

/** Lines that are no comments, in groups with empty lines between. */
function paragraphs(text: string): Line[][] {
  const groups: Line[][] = [[]];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '');
    if (line.startsWith('#')) continue;
    if (line.trim() === '') groups.push([]);
    else groups[groups.length - 1].push({ text: line, number: index + 1 });
  }
  return groups.filter(({ length }) => length > 0);
}

function regionOf(line: Line, refuse: Refuse): MasimRegion {
  const [name, bytes, , ...more] = fields(line);
  if (!name || more.length > 0) throw refuse('no region: name, bytes, and a file or none', line);
  return { name, bytes: whole(bytes, [1, MOST_BYTES], 'bytes of a region', line, refuse) };
}

function phaseOf(lines: readonly Line[], regions: ReadonlySet<string>, refuse: Refuse): MasimPhase {
  const [name, time, ...patterns] = lines;
  if (time === undefined) throw refuse('no time in milliseconds behind the name of a phase', name);
  if (patterns.length === 0) throw refuse('no access pattern behind the time of a phase', time);
  const found = patterns.map((line) => patternOf(line, regions, refuse));
  if (!found.some(({ probability }) => probability > 0))
    throw refuse('no pattern of the phase has a probability above 0', time);
  return {
    name: name.text.trim(),
    ms: whole(time.text.trim(), [1, MOST_MS], 'milliseconds of a phase', time, refuse),
    patterns: found,
  };
}

function patternOf(line: Line, regions: ReadonlySet<string>, refuse: Refuse): MasimPattern {
  const [region, random, stride, probability, mode = DEFAULT_MODE, ...more] = fields(line);
  if (probability === undefined || more.length > 0)
    throw refuse('no pattern: region, random (1 or 0), stride, probability, and ro, wo or rw', line);
  if (!regions.has(region)) throw refuse(`no region is called ${region}`, line);
  if (random !== '0' && random !== '1') throw refuse(`random is 1 or 0, not ${random}`, line);
  if (mode !== 'ro' && mode !== 'wo' && mode !== 'rw')
    throw refuse(`the mode is ro, wo or rw, not ${mode}`, line);
  return {
    region,
    isRandom: random === '1',
    stride: whole(stride, [random === '1' ? 0 : 1, MOST_BYTES], 'bytes of a stride', line, refuse),
    probability: whole(probability, [0, 1e9], 'probability', line, refuse),
    mode,
  };
}

const fields = ({ text }: Line): string[] => text.split(',').map((field) => field.trim());

function whole(
  text: string | undefined,
  [least, most]: readonly [least: number, most: number],
  what: string,
  line: Line,
  refuse: Refuse,
): number {
  const value = text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw refuse(`${what}: ${text ?? 'missing'} is no whole number from ${least} to ${most}`, line);
}
