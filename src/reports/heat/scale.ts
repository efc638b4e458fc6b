/** What a colour of heat means: a logarithmic scale with its words. Pure. */
import { NATURES, obstacle, type SampleNature } from '../../vocabulary/nature.js';
import { showRate } from '../../vocabulary/show.js';
import { type HeatCourse, rateRange } from './course.js';

/** What rates count, after the number: `accesses a second and page`. */
export interface HeatWords {
  readonly unit: string;
  /** One of them, for words such as "one access a page each 20 s". */
  readonly one: string;
  /** Whether rates are by time; else they are of the whole recording. */
  readonly isTimed: boolean;
  /** Why the picture shows no heat, or what does not show in it; empty when there is nothing to say. */
  readonly caution: string;
}

/** A logarithmic scale of rates, at most some decades long. */
export interface HeatScale extends HeatWords {
  readonly least: number;
  readonly most: number;
  /** Place of a rate on the scale, 0 to 1; 0 of what was looked at and not accessed. */
  place(rate: number): number;
}

/** At most so many powers of ten: colours of less would all look alike. */
const MOST_DECADES = 5;
/** A cell that was accessed at all is told from one that was not. */
const LEAST_PLACE = 0.12;

/** Returns what a rate is called for samples of a nature, and what must be said beside it. */
export function heatWords(nature: SampleNature, isTimed: boolean): HeatWords {
  const [one, many] = THINGS[nature] ?? ['sample', 'samples'];
  const { bias } = NATURES[nature];
  const notHeat = obstacle(nature, 'rank');
  const caution = notHeat === '' ? biasWords(nature, bias) : `This is not heat: ${notHeat}.`;
  return { unit: `${many} ${isTimed ? 'a second and page' : 'a page, in all'}`, one, isTimed, caution };
}

const THINGS: Readonly<Partial<Record<SampleNature, readonly [one: string, many: string]>>> = {
  'all-accesses': ['access', 'accesses'],
  'some-accesses': ['access', 'accesses'],
  loads: ['load', 'loads'],
  stores: ['store', 'stores'],
  'slow-accesses': ['slow access', 'slow accesses'],
  'tlb-misses': ['TLB miss', 'TLB misses'],
  'page-bits': ['time found accessed', 'times found accessed'],
  'access-bits': ['time found accessed', 'times found accessed'],
  'first-touches': ['page fault', 'page faults'],
};

function biasWords(nature: SampleNature, bias: string): string {
  return nature === 'all-accesses' || bias === '' ? '' : `What does not show: ${bias}.`;
}

/** Returns the scale from the least to the largest rate of a course. */
export function heatScale(course: HeatCourse, words: HeatWords): HeatScale {
  const { least, most } = rateRange(course) ?? { least: 1, most: 1 };
  const low = Math.max(least, most / 10 ** MOST_DECADES);
  return { ...words, least: low, most, place: (rate) => placeOf(rate, { least: low, most }) };
}

/** Place of a rate on a logarithmic scale, 0 to 1; 0 of what was looked at and not accessed. */
export function placeOf(rate: number, { least, most }: Pick<HeatScale, 'least' | 'most'>): number {
  if (!(rate > 0)) return 0;
  const span = Math.log10(most / least);
  const share = span === 0 ? 1 : Math.max(0, Math.min(1, Math.log10(rate / least) / span));
  return LEAST_PLACE + (1 - LEAST_PLACE) * share;
}

/** A rate that the legend names. */
export interface ScaleTick {
  readonly rate: number;
  readonly place: number;
  readonly label: string;
}

/** Powers of ten within the scale, and its ends where these are few. */
export function scaleTicks(scale: Pick<HeatScale, 'least' | 'most' | 'place'>): readonly ScaleTick[] {
  const powers: number[] = [];
  for (let power = Math.ceil(Math.log10(scale.least) - 1e-9); 10 ** power <= scale.most * 1.0001; power++)
    powers.push(10 ** power);
  const rates = powers.length >= 2 ? powers : [scale.least, scale.most];
  return [...new Set(rates)].map((rate) => ({ rate, place: scale.place(rate), label: showRate(rate) }));
}

/** `the hottest: 31 k accesses a second and page`, `the coldest …: one access a page each 20 s`. */
export function rateInWords(rate: number, { unit, one, isTimed }: Omit<HeatWords, 'caution'>): string {
  if (!isTimed || rate >= 1) return `${showRate(rate)} ${unit}`;
  return `${showRate(rate)} ${unit}, one ${one} a page each ${spanOf(1 / rate)}`;
}

function spanOf(seconds: number): string {
  if (seconds < 120) return `${showRate(seconds)} s`;
  if (seconds < 7200) return `${showRate(seconds / 60)} min`;
  return seconds < 172_800 ? `${showRate(seconds / 3600)} h` : `${showRate(seconds / 86_400)} days`;
}
