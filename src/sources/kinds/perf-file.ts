import * as z from 'zod';
import { isText, listField, readField, WORD } from '../../vocabulary/field.js';
import { parsed, parsedList, toggle } from '../../vocabulary/kind.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import { PerfFileSource } from '../perf-file.js';
import { ResolvedSource } from '../resolved.js';
import { Resolver } from '../resolver.js';
import { SAMPLE_CHOICES, wishOf } from '../sample-choices.js';
import { recordingKind } from '../source.js';

/** The kind of recording behind `--perf`. */
export const perfFile = recordingKind({
  brief: 'accesses that perf sampled',
  files: 'perf',
  parameters: z.strictObject({
    perf: parsedList(
      listField(WORD, isText, { brief: 'samples from this perf.data file', placeholder: 'file' }),
    ),
    resolve: toggle({
      brief: 'with --perf: look up physical addresses in the page tables of the target (CAP_SYS_ADMIN)',
    }).default(false),
    event: parsed(
      readField(WORD, isText, {
        brief: 'with --perf: heat of this event; otherwise of the one whose samples say most',
        placeholder: 'name',
      }),
    ).optional(),
    time: parsed(SAMPLE_CHOICES.time).optional(),
    tid: parsed(SAMPLE_CHOICES.tid).optional(),
    comm: parsed(SAMPLE_CHOICES.comm).optional(),
    cpu: parsed(SAMPLE_CHOICES.cpu).optional(),
    cgroup: parsedList(SAMPLE_CHOICES.cgroup).optional(),
  }),
  make({ perf, resolve, event, ...choices }, { host }) {
    const wish = wishOf(choices);
    const { geometry } = host.identity;
    const common = {
      geometry,
      ...(event === undefined ? {} : { event }),
      ...(wish === undefined ? {} : { wish }),
    };
    const sources = perf.map((path) => new PerfFileSource({ path, ...common }));
    if (!resolve) return sources;
    return sources.map(
      (source) => new ResolvedSource(source, ({ processes }) => Resolver.of(host, pidsOf(processes))),
    );
  },
});

const pidsOf = (processes: readonly PageSizes[]) => processes.map(({ process }) => process.pid);
