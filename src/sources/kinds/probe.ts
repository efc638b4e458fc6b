import * as z from 'zod';
import { SHARE_DAMON } from '../../damon/share-damon.js';
import type { Host } from '../../host/host.js';
import { count, duration, share, toggle } from '../../vocabulary/kind.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import { PROBE_DEFAULTS, type ProbeHands, ProbeSource } from '../probe.js';

/** The probe acts and is a command of its own; its parameters are declared as those of other sources are. */
export const probe = {
  brief: 'splits a few huge pages for some seconds to see which of their sub-pages are in use',
  parameters: z.strictObject({
    sample: count({
      brief: 'huge pages to split, over all processes',
      placeholder: 'blocks',
      min: 0,
      max: 1e9,
    }).default(PROBE_DEFAULTS.sampleBlocks),
    window: duration({
      brief: 'how long to watch, four huge pages at a time',
      min: 100,
      max: 366 * 86_400_000,
    }).default(PROBE_DEFAULTS.windowMs),
    dense: share({
      brief: 'a huge page is dense when at least this share of it is used',
      placeholder: 'share',
    }).default(PROBE_DEFAULTS.denseShare),
    keepSplit: toggle({ brief: 'leave the sparse ones split; octavo undo takes that back' }).default(
      !PROBE_DEFAULTS.restoreAll,
    ),
    shareDamon: toggle(SHARE_DAMON).default(PROBE_DEFAULTS.shareDamon),
  }),
  make: ({ sample, window, dense, keepSplit, shareDamon }: ProbeParameters, host: Host, hands: ProbeHands) =>
    new ProbeSource(host.identity.geometry, hands, {
      ...{ sampleBlocks: sample, windowMs: window, denseShare: dense },
      ...{ restoreAll: !keepSplit, shareDamon },
    }),
};

/** Checked parameters of a probe. */
export type ProbeParameters = {
  readonly sample: number;
  readonly window: Milliseconds;
  readonly dense: number;
  readonly keepSplit: boolean;
  readonly shareDamon: boolean;
};
