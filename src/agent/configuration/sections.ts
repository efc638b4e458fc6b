/** What can be configured: every key of an agent's configuration, once. */
import * as z from 'zod';
import { KINDS, type Kinds } from '../../config/kinds.js';
import { USUAL_OVERHEAD, USUAL_SUCCESS } from '../../guards/host-guards.js';
import { USUAL_MARGIN } from '../../guards/metric.js';
import { USUAL_PRESSURE } from '../../guards/pressure.js';
import { DEFAULT_BOUNDS } from '../../history/history.js';
import { DEFAULT_BUDGETS } from '../../planning/budgets.js';
import { AUTO } from '../../sampling/budget.js';
import { isText, listField, readField, WORD } from '../../vocabulary/field.js';
import {
  choice,
  count,
  duration,
  factor,
  parsed,
  parsedList,
  share,
  size,
  toggle,
} from '../../vocabulary/kind.js';
import type { ValueParser } from '../../vocabulary/quantities.js';
import { parseCgroupGlob, parseGlob } from '../patterns/glob.js';
import { parseHours } from '../patterns/hours.js';
import { parseListenPlace } from '../patterns/listen-place.js';
import { parametersOf, type Section } from './section.js';

/** Version of the format, as the file's `version` gives it. Keys may be added within a version. */
export const CONFIGURATION_VERSION = 1;

const SECOND = 1000;
const DAY = 86_400_000;
const MOST_BYTES = 2 ** 50;
const MOST_TIME = DAY;

const checkedText = (parse: ValueParser<unknown>): ValueParser<string> =>
  Object.assign(
    (text: string) => {
      parse(text);
      return text;
    },
    { accepts: parse.accepts },
  );

const globs = (brief: string, parse: ValueParser<string> = parseGlob) =>
  parsedList(listField(parse, isText, { brief, placeholder: 'glob' })).optional();

const ABSOLUTE: ValueParser<string> = Object.assign(
  (text: string) => {
    if (!text.startsWith('/')) throw new SyntaxError('must begin with /');
    return text;
  },
  { accepts: 'an absolute path' },
);

const PODS: ValueParser<string> = Object.assign(
  (text: string) => {
    const isHere = /^http:\/\/(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d{1,5})?(?:\/\S*)?$/.test(text);
    if (!text.startsWith('/') && !isHere)
      throw new SyntaxError('is neither a path nor an address of this machine');
    return text;
  },
  { accepts: 'an absolute path, or an address such as http://127.0.0.1:10255/pods' },
);

const NAME: ValueParser<string> = Object.assign(
  (text: string) => {
    if (!/^[A-Za-z0-9][\w.-]{0,62}$/.test(text)) throw new SyntaxError('is no name');
    return text;
  },
  { accepts: 'a name of 1 to 63 letters, digits, dots, dashes and underscores' },
);

function oneOf(names: readonly string[]): ValueParser<string> {
  return Object.assign(
    (text: string) => {
      if (!names.includes(text)) throw new SyntaxError('is none of them');
      return text;
    },
    { accepts: `one or several of ${names.join(', ')}` },
  );
}

/** `match` of a target: globs, of which every key given must fit and one glob of each is enough. */
export const MATCH_FIELDS = z.strictObject({
  unit: globs('systemd units, such as redis-*.service'),
  cgroup: globs('cgroups with all that is below them, such as /kubepods.slice/**', parseCgroupGlob),
  container: globs('containers, by name or id'),
  pod: globs('pods, by name or uid'),
  namespace: globs('Kubernetes namespaces'),
  vm: globs('virtual machines, by the name that libvirt or QEMU was given'),
  command: globs('commands, as /proc/PID/comm has them (15 letters)'),
});

/** `budgets` of a target: bounds on what turns do, in blocks, bytes and time. */
export const BUDGET_FIELDS = z.strictObject({
  maxBlocks: count({ brief: 'most blocks in a turn; 0 for no bound', min: 0, max: 1e9 }).default(
    DEFAULT_BUDGETS.maxBlocks,
  ),
  maxBytes: size({ brief: 'most memory in a turn; 0 for no bound', min: 0, max: MOST_BYTES }).default(
    2 ** 30,
  ),
  blocksPerMinute: count({
    brief: 'most blocks that are changed in any minute; 0 for no bound',
    min: 0,
    max: 1e9,
  }).default(0),
  blocksPerHour: count({ brief: 'the same in any hour', min: 0, max: 1e9 }).default(0),
  bytesPerMinute: size({
    brief: 'most memory that is changed in any minute; 0 for no bound',
    min: 0,
    max: MOST_BYTES,
  }).default(2 ** 30),
  bytesPerHour: size({ brief: 'the same in any hour', min: 0, max: MOST_BYTES }).default(16 * 2 ** 30),
  lockPerMinute: duration({
    brief: 'longest time that a target’s locks are held in any minute; 0 for no bound',
    min: 0,
    max: MOST_TIME,
  }).default(3 * SECOND),
  lockPerHour: duration({ brief: 'the same in any hour', min: 0, max: MOST_TIME }).default(60 * SECOND),
  lockShare: share({
    brief: 'most of any second that acting may hold a target’s locks; 0 for no bound',
  }).default(DEFAULT_BUDGETS.lockUsPerSecond / 1e6),
  minFree: size({
    brief: 'memory that collapses must leave free in huge blocks; 0 for no bound',
    min: 0,
    max: MOST_BYTES,
  }).default(DEFAULT_BUDGETS.minFreeBytes),
  maxPressure: factor({
    brief: 'no collapse above this PSI memory avg10 in percent; 0 for no bound',
    min: 0,
    max: 100,
  }).default(DEFAULT_BUDGETS.maxPressure),
});

const percent = (brief: string) => factor({ brief: `${brief}; 0 for no bound`, min: 0, max: 100 });
const words = (brief: string) =>
  parsedList(listField(WORD, isText, { brief, placeholder: 'words' })).optional();
const file = (brief: string) =>
  parsed(readField(ABSOLUTE, isText, { brief, placeholder: 'path' })).optional();

const line = (brief: string, placeholder: string) =>
  parsed(readField(WORD, isText, { brief, placeholder })).optional();

/** `guards` of a target: what makes it wait, in percent, bytes and fractions. */
export const GUARD_FIELDS = z.strictObject({
  cpuPressure: percent('waits while some task waited for a CPU for more percent of ten seconds').default(
    USUAL_PRESSURE.some.cpu,
  ),
  memoryPressure: percent('the same for memory').default(USUAL_PRESSURE.some.memory),
  ioPressure: percent('the same for disks').default(USUAL_PRESSURE.some.io),
  memoryFull: percent('waits while all tasks waited for memory for more percent of ten seconds').default(
    USUAL_PRESSURE.full.memory,
  ),
  ioFull: percent('the same for disks').default(USUAL_PRESSURE.full.io),
  freeHuge: size({
    brief: 'waits while less memory is free in huge blocks; 0 for no bound',
    min: 0,
    max: MOST_BYTES,
  }).default(0),
  lockShare: share({
    brief: 'stops when the target’s locks were held for a larger share of a minute; 0 for no bound',
  }).default(0.2),
  ownCpu: share({
    brief: 'waits, and then stops, when the agent took a larger share of a CPU in a minute; 0 for no bound',
  }).default(USUAL_OVERHEAD.cpu),
  ownMemory: size({
    brief: 'stops when the agent has more memory; 0 for no bound',
    min: 0,
    max: MOST_BYTES,
  }).default(USUAL_OVERHEAD.residentBytes),
  success: share({ brief: 'stops when a smaller share of the last steps was met' }).default(USUAL_SUCCESS),
});

/** `metric` of a target: where the user's own number comes from, and which way is worse. */
export const METRIC_FIELDS = z.strictObject({
  name: parsed(
    readField(WORD, isText, { brief: 'what it is called in reasons', placeholder: 'name' }),
  ).default('the metric'),
  file: file('file whose last word is the value, such as one that a script writes'),
  command: words('command, as a list of words, whose output ends with the value'),
  prometheus: line('address of a Prometheus of this machine: http://127.0.0.1:9090', 'url'),
  query: line('its query, whose one value it is', 'query'),
  controlFile: file('the same of a process that Octavo never acts on: what both do is no effect'),
  controlCommand: words('the same by a command'),
  controlQuery: line('the same by a query', 'query'),
  worse: choice(['higher', 'lower'], {
    brief: 'which way is worse: latency gets worse upwards, throughput downwards',
  }).default('higher'),
  margin: share({
    brief: 'how much worse it may get, as a share of what it was',
    min: 0.001,
    max: 10,
  }).default(USUAL_MARGIN),
  limit: factor({ brief: 'value that it must not pass, whatever it was', min: -1e15, max: 1e15 }).optional(),
});

/** How targets are treated; `defaults` has the same keys. */
function treatmentShape({ policies, sources, actuators }: Kinds) {
  const [first, ...others] = Object.keys(policies).filter((name) => name !== 'named-blocks');
  return {
    act: toggle({ brief: 'whether it may be acted on; false observes and plans only' }).default(false),
    policy: choice([first, ...others], { brief: 'policy that decides' }).default('chain'),
    goal: parsed(
      readField(WORD, isText, {
        brief: 'the policy’s parameter of this name, for policies with a goal: 1%, balanced, bloat=50%, 2GiB',
        placeholder: 'goal',
      }),
    ).optional(),
    sources: parsedList(
      listField(oneOf([...Object.keys(sources), AUTO]), isText, {
        brief:
          'where knowledge below 2 MiB comes from; damon-regions starts a kdamond and clears accessed bits; auto takes a PMU, else DAMON where it is free, and content, within the share of a CPU',
        placeholder: 'source',
      }),
    ).default(['occupancy']),
    actuators: parsedList(
      listField(oneOf(Object.keys(actuators)), isText, {
        brief: 'ways of acting, all when not given',
        placeholder: 'actuator',
      }),
    ).optional(),
    every: duration({ brief: 'time from one turn to the next', min: SECOND, max: DAY }).default(60 * SECOND),
    hours: parsedList(
      listField(checkedText(parseHours), isText, {
        brief: 'when it may be acted on, always when not given; it is observed at all times',
        placeholder: 'hours',
      }),
    ).optional(),
    halfLife: duration({
      brief: 'time after which recorded heat weighs half',
      min: 1,
      max: 366 * DAY,
    }).default(3_600_000),
    processes: count({
      brief: 'most processes that one turn looks at; the others follow in the next',
      min: 1,
      max: 4096,
    }).default(64),
  };
}

function treatmentSections({ policies, sources, actuators }: Kinds): Readonly<Record<string, Section>> {
  return {
    parameters: parametersOf('parameters of the policy', policies),
    sourceParameters: parametersOf('parameters of the sources', sources),
    actuatorParameters: parametersOf('parameters of the actuators', actuators),
    budgets: { brief: 'bounds on what is done to a target', fields: BUDGET_FIELDS },
    guards: {
      brief: 'what keeps a target from being acted on',
      fields: GUARD_FIELDS,
      sections: {
        metric: {
          brief: 'the user’s own metric, which must not get worse',
          fields: METRIC_FIELDS,
          isOptional: true,
        },
      },
    },
  };
}

/** What a target and `defaults` both may say: whether to act, policy, sources, actuators, times. */
export const TREATMENT_FIELDS = z.strictObject(treatmentShape(KINDS));
const SECTIONS = treatmentSections(KINDS);

/** `name` of a target, unique in a configuration. */
export const TARGET_NAME = parsed(
  readField(NAME, isText, { brief: 'its name in status, metrics and history', placeholder: 'name' }),
);

const MATCH: Section = {
  brief: 'which processes it is; each key may hold several globs, and of each key one must fit',
  fields: MATCH_FIELDS,
};

const TARGET: Section = {
  brief: 'what is watched; of several that fit a process the first counts',
  fields: TREATMENT_FIELDS.extend({ name: TARGET_NAME }),
  sections: { match: MATCH, ...SECTIONS },
};

/** `sampling`: what watching may cost. */
export const SAMPLING_FIELDS = z.strictObject({
  cpu: share({ brief: 'CPU time of the agent itself, as a share of one core', min: 0.0001, max: 1 }).default(
    0.01,
  ),
});

/** `metrics`: where they are served or written. */
export const METRICS_FIELDS = z.strictObject({
  listen: parsed(
    readField(checkedText(parseListenPlace), isText, {
      brief: 'where metrics are served, nowhere when not given',
      placeholder: 'place',
    }),
  ).optional(),
  textfile: file('file for the textfile collector of node_exporter'),
  targets: count({
    brief: 'targets with series of their own; the others are added up',
    min: 1,
    max: 1000,
  }).default(200),
});

const age = (brief: string) => duration({ brief, min: 3_600_000, max: 3660 * DAY });
const tierBytes = (brief: string) => size({ brief, min: 2 ** 20, max: 2 ** 36 });

/** `history`: how long each tier is kept, and in how many bytes. */
export const HISTORY_FIELDS = z.strictObject({
  keep: toggle({ brief: 'whether what turns saw and did is kept' }).default(true),
  rawAge: age('how long every turn is kept').default(DEFAULT_BOUNDS.raw.age),
  rawBytes: tierBytes('how much of them at most').default(DEFAULT_BOUNDS.raw.bytes),
  fiveMinuteAge: age('how long sums of five minutes are kept').default(DEFAULT_BOUNDS['5m'].age),
  fiveMinuteBytes: tierBytes('how much of them at most').default(DEFAULT_BOUNDS['5m'].bytes),
  hourAge: age('how long sums of an hour are kept').default(DEFAULT_BOUNDS['1h'].age),
  hourBytes: tierBytes('how much of them at most').default(DEFAULT_BOUNDS['1h'].bytes),
});

/** Values at the top level of the file. */
export const ROOT_FIELDS = z.strictObject({
  octavo: choice(['agent'], { brief: 'what the file is' }),
  version: count({ brief: 'version of the format', min: CONFIGURATION_VERSION, max: CONFIGURATION_VERSION }),
  watch: duration({ brief: 'how often it is looked who came and went', min: 200, max: 2400 }).default(2000),
  state: parsed(
    readField(ABSOLUTE, isText, {
      brief: 'directory for journals and what was learned',
      placeholder: 'directory',
    }),
  ).optional(),
  runtime: parsed(
    readField(ABSOLUTE, isText, { brief: 'directory for the status and the lock', placeholder: 'directory' }),
  ).optional(),
  pods: parsed(
    readField(PODS, isText, {
      brief: 'names of pods: the kubelet’s list, in a file or as http://127.0.0.1:10255/pods',
      placeholder: 'place',
    }),
  ).optional(),
});

/** The whole configuration. */
export const CONFIGURATION: Section = {
  brief: 'configuration of octavo agent',
  fields: ROOT_FIELDS,
  sections: {
    metrics: { brief: 'metrics for Prometheus', fields: METRICS_FIELDS },
    history: { brief: 'what is kept of what turns saw and did', fields: HISTORY_FIELDS },
    sampling: { brief: 'what the agent may cost', fields: SAMPLING_FIELDS },
    defaults: {
      brief: 'what holds for every target that does not say otherwise',
      fields: TREATMENT_FIELDS,
      sections: SECTIONS,
    },
  },
  lists: {
    deny: { brief: 'what is never touched, whatever targets say', fields: MATCH_FIELDS },
    targets: TARGET,
  },
};
