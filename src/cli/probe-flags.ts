/** Bounds of the probe, which unlike other sources changes memory. */
import { PROBE_DEFAULTS, type ProbeOptions } from '../sources/probe.js';
import { countBetween, parseFraction, parsePeriod, showShare } from './parameters.js';

export type ProbeFlags = {
  readonly probeSample: number;
  readonly probeWindow: number;
  readonly probeDense: number;
  readonly probeRestore: boolean;
};

export const probeFlags = {
  probeSample: {
    kind: 'parsed',
    parse: countBetween(1, 1_000_000),
    brief: 'Huge pages that source probe may split, over all processes',
    default: String(PROBE_DEFAULTS.sampleBlocks),
    placeholder: 'blocks',
  },
  probeWindow: {
    kind: 'parsed',
    parse: parsePeriod,
    brief: 'How long source probe watches, four huge pages at a time',
    default: `${PROBE_DEFAULTS.windowMs / 1000}s`,
    placeholder: 'duration',
  },
  probeDense: {
    kind: 'parsed',
    parse: parseFraction,
    brief: 'Source probe collapses again what is used to at least this share',
    default: showShare(PROBE_DEFAULTS.denseShare),
    placeholder: 'share',
  },
  probeRestore: {
    kind: 'boolean',
    brief: 'Source probe collapses the sparse ones again, too, and leaves all splits to the plan',
    default: false,
    withNegated: false,
  },
} as const;

export function probeOptions(flags: ProbeFlags): Omit<ProbeOptions, 'shareDamon'> {
  return {
    sampleBlocks: flags.probeSample,
    windowMs: flags.probeWindow,
    denseShare: flags.probeDense,
    restoreAll: flags.probeRestore,
  };
}
