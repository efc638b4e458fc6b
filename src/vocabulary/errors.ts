/**
 * Every failure a user can meet, once. docs/errors.md is compared with this table in both directions, so a code
 * without documentation, or documentation without a code, does not pass the tests.
 */

export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  badInput: 3,
  noTarget: 4,
  notPermitted: 5,
  notAble: 6,
  notAllMet: 7,
  refused: 8,
  stale: 9,
  cannotRun: 126,
  notFound: 127,
  interrupted: 130,
} as const;

export type ExitName = keyof typeof EXIT;

export const EXIT_MEANINGS: Readonly<Record<ExitName, string>> = {
  done: 'done',
  bug: 'a bug in Octavo: please report it',
  usage: 'the command line is wrong',
  badInput: 'a file, address or plan is wrong or unreadable',
  noTarget: 'no such target, or it has ended',
  notPermitted: 'this user may not',
  notAble: 'this kernel or CPU cannot',
  notAllMet: 'done, but not every step was met',
  refused: 'refused by a guard, a lock or a rule',
  stale: 'the plan was made for something that has changed since',
  cannotRun: 'the program to launch cannot be run',
  notFound: 'there is no such program to launch',
  interrupted:
    'interrupted by a signal (SIGINT, SIGTERM or SIGHUP): what was set up is put back, the journal is complete',
};

interface ErrorKind {
  readonly exit: ExitName;
  /** What went wrong; {names} are facts of the occurrence. */
  readonly says: string;
  /** What the user can do about it. */
  readonly advice: string;
}

export const ERRORS = {
  USAGE: { exit: 'usage', says: '{problem}', advice: 'See `octavo {command} --help`.' },
  COMMAND_UNKNOWN: {
    exit: 'usage',
    says: '`{input}` is no command{similar}',
    advice: '`octavo help` lists the commands.',
  },
  OPTION_UNKNOWN: {
    exit: 'usage',
    says: '`{command}` has no option {option}{similar}',
    advice: 'See `{command} --help`.',
  },
  KIND_UNKNOWN: {
    exit: 'badInput',
    says: 'no {role} is called {name}',
    advice: 'There are {known}.',
  },
  PARAMETER_INVALID: {
    exit: 'badInput',
    says: '{kind}: parameter {parameter} {problem}',
    advice: 'docs/using.md lists the parameters of every kind.',
  },
  VALUE_INVALID: {
    exit: 'usage',
    says: '{option}: `{input}` {problem}',
    advice: 'See `{command} --help`.',
  },
  VALUE_MISSING: {
    exit: 'usage',
    says: '{option} needs a value behind it',
    advice: 'See `{command} --help`.',
  },
  VALUE_TWICE: {
    exit: 'usage',
    says: '{option} is given twice, as `{first}` and as `{input}`',
    advice: 'Give it once.',
  },
  ARGUMENT_MISSING: {
    exit: 'usage',
    says: '`{command}` needs <{argument}>',
    advice: 'See `{command} --help`.',
  },
  ARGUMENT_SURPLUS: {
    exit: 'usage',
    says: '`{command}` takes no further argument, but was given `{input}`',
    advice: 'See `{command} --help`. Words of another program stand behind `--`.',
  },
  TARGET_SYNTAX: {
    exit: 'usage',
    says: '`{target}` names no target',
    advice: 'Give a pid, a command name, `cgroup:/path` or `all`.',
  },
  TARGET_NOT_FOUND: {
    exit: 'noTarget',
    says: 'no process matches `{target}`',
    advice: 'Check the pid or name; `octavo inspect all` lists what can be seen.',
  },
  RECORDED_GONE: {
    exit: 'noTarget',
    says: 'no process that {path} tells of is there any more',
    advice: 'They have ended, or others have their pids. Name a target; `octavo report heat` shows the heat.',
  },
  TARGET_UNSEEN: {
    exit: 'notPermitted',
    says: 'no process that this user may see matches `{target}`: /proc is mounted with {option}',
    advice: 'Run as root, or as a member of the group that the mount option gid= names.',
  },
  TARGET_FORBIDDEN: {
    exit: 'refused',
    says: '`{target}` is no target: {reason}',
    advice:
      'Kernel threads have no memory of their own, and Octavo leaves itself alone. Name process 1 to mean it.',
  },
  TARGET_GONE: {
    exit: 'noTarget',
    says: 'process {pid} has ended',
    advice: 'Nothing further was done to it. Plan again if it has been restarted.',
  },
  TARGET_AMBIGUOUS: {
    exit: 'usage',
    says: '{option} needs one process, but `{target}` matches {count}',
    advice: 'Name the process by its pid.',
  },
  PERMISSION: {
    exit: 'notPermitted',
    says: 'not permitted: {call} ({errno})',
    advice: 'Needs {needs}. `octavo doctor` shows what this user can do.',
  },
  ABILITY_MISSING: {
    exit: 'notAble',
    says: '{ability} is not available here: {reason}',
    advice: '{remedy}',
  },
  CALLS_MISSING: {
    exit: 'notAble',
    says: '{call} cannot be called from here: {reason}',
    advice:
      'No kernel was asked: the package koffi is missing or was built for another CPU, C library or Node. Install it again with `npm ci` in the folder of Octavo.',
  },
  CONFIGURATION_INVALID: {
    exit: 'badInput',
    says: '{file}:{line}:{column}: {key} {problem}{more}',
    advice:
      '`octavo config check {path}` shows every problem; `octavo config explain {key}` what a key takes.',
  },
  CONFIGURATION_KEY: {
    exit: 'usage',
    says: 'no key is called `{key}`: {problem}',
    advice: '`octavo config explain` lists every key.',
  },
  HANDS_DENIED: {
    exit: 'refused',
    says: 'the acting side of the agent refuses ({denial}): {why}',
    advice: 'It goes by its own copy of the configuration: `octavo status` shows what holds.',
  },
  AGENT_RUNNING: {
    exit: 'refused',
    says: 'another agent runs on this host: process {pid} holds {path}',
    advice: '`octavo status` shows what it does. One agent is enough for a host: give it all targets.',
  },
  AGENT_ABSENT: {
    exit: 'noTarget',
    says: 'no agent runs on this host: {why}',
    advice: '`octavo agent --config FILE` starts one.',
  },
  NO_THP: {
    exit: 'notAble',
    says: 'this kernel has no transparent huge pages ({path} is absent)',
    advice: 'Octavo needs CONFIG_TRANSPARENT_HUGEPAGE. `octavo inspect` still shows page counts.',
  },
  ADDRESS_UNMAPPED: {
    exit: 'badInput',
    says: 'address {address} lies in no mapping of process {pid}',
    advice: 'Take an address from `octavo inspect {pid}`.',
  },
  ADDRESS_SYNTAX: {
    exit: 'usage',
    says: '`{address}` is not an address',
    advice: 'Write addresses in hexadecimal with 0x, or in decimal.',
  },
  FIELD_ABSENT: {
    exit: 'badInput',
    says: '{path} does not say of which {field} its samples are',
    advice: 'Record with `{option}`, or choose processes with --pid.',
  },
  FILE_UNREADABLE: {
    exit: 'badInput',
    says: 'cannot read {path}: {errno}',
    advice: 'Check that the file exists and that this user may read it.',
  },
  FILE_UNWRITABLE: {
    exit: 'badInput',
    says: 'cannot write {path}: {errno}',
    advice: 'Check the directory, its free space and this user’s rights.',
  },
  FILE_TRUNCATED: {
    exit: 'badInput',
    says: '{path} ends at byte {offset} in the middle of {what}',
    advice: 'Record it again, or use what was read before the damage.',
  },
  FILE_MALFORMED: {
    exit: 'badInput',
    says: '{path}: {problem} at {place}',
    advice: 'The file is not what its name says, or damaged.',
  },
  TRACE_TOO_LARGE: {
    exit: 'badInput',
    says: '{path}: {problem}',
    advice: 'Trace a shorter part of the program, sample it, or give the host more memory.',
  },
  TIME_UNBOUNDED: {
    exit: 'badInput',
    says: '{path} does not say when its first and last samples were taken, so that shares of its time mean nothing',
    advice: 'Give --time in seconds, or a file instead of a pipe.',
  },
  EVENT_ABSENT: {
    exit: 'badInput',
    says: '{path} has no event {event}, but {events}',
    advice: 'Name one of its events, or leave out --event to take the one that says most.',
  },
  FILTER_BLIND: {
    exit: 'badInput',
    says: '{path} holds regions of DAMON, which do not say of which thread, CPU or cgroup their accesses are',
    advice: 'Leave out --tid, --comm, --cpu and --cgroup; --pid names the processes of its targets.',
  },
  HEAT_REPEATED: {
    exit: 'badInput',
    says: '{second} repeats samples of {first} ({share})',
    advice:
      'Give each recording once: repeated samples look like certainty. A merged heat file holds its parts.',
  },
  VIEW_ABSENT: {
    exit: 'badInput',
    says: 'the samples of {path} do not tell accesses by {view}',
    advice:
      'Record data sources and weights (perf mem record, perf record -d -W, Arm SPE, AMD IBS), then import the recording with this version.',
  },
  HEAT_UNLIKE: {
    exit: 'badInput',
    says: '{first} and {second} do not go together: {problem}',
    advice: 'Give heat of the same kind of samples, page size and processes.',
  },
  HEAT_OTHER_PROCESS: {
    exit: 'stale',
    says: 'the heat of {path} is not of this process {pid}: {problem}',
    advice: 'Record the process as it runs now: `octavo record {pid}`.',
  },
  PLAN_MALFORMED: {
    exit: 'badInput',
    says: '{path} is no plan: {problem} at {place}',
    advice: 'Make plans with `octavo plan`; a plan is not meant to be edited by hand.',
  },
  PLAN_STALE: {
    exit: 'stale',
    says: 'the plan was made for process {pid} started at {planned}, but {found}',
    advice: 'Plan again: `octavo plan {target}`.',
  },
  PLAN_OTHER_HOST: {
    exit: 'stale',
    says: 'the plan was made on another boot or host ({planned}), this is {found}',
    advice: 'Plan again on this host.',
  },
  RUN_NOT_FOUND: {
    exit: 'badInput',
    says: 'no run `{run}` in {directory}',
    advice: 'List them with `octavo runs`.',
  },
  RUN_DROPPED: {
    exit: 'badInput',
    says: 'run {run} was dropped on {when}, to keep the journal within its bounds',
    advice:
      'It cannot be taken back any more. `octavo apply --help` tells the bounds (--keep-runs, --keep-bytes).',
  },
  RUN_ACTIVE: {
    exit: 'refused',
    says: 'run {run} is still going on in process {pid}',
    advice: 'Wait for it, or end it with SIGINT: it finishes its block and closes its journal.',
  },
  JOURNAL_DAMAGED: {
    exit: 'badInput',
    says: 'journal {path} is damaged at line {line}: {problem}',
    advice:
      'Run {run} can be neither shown nor taken back; no other run is affected. Set it aside with: mv {directory} {aside}',
  },
  BLOCK_UNKNOWN: {
    exit: 'noTarget',
    says: 'no run that is kept acted on a block at {address}, and no process is named',
    advice: 'Name the process with it, as PID:{address}.',
  },
  BLOCK_AMBIGUOUS: {
    exit: 'badInput',
    says: 'runs acted on blocks at {address} in several processes: {pids}',
    advice: 'Name one of them, as PID:{address}.',
  },
  SUBJECT_UNKNOWN: {
    exit: 'noTarget',
    says: 'nothing is known of `{target}`: no process, no run and no history is of this name',
    advice:
      'Give an address, PID:ADDRESS, a target of `octavo history`, a pid, a command name or `cgroup:/path`.',
  },
  DASHBOARD_UNSERVED: {
    exit: 'refused',
    says: 'the dashboard cannot be served: {call} ({errno})',
    advice: 'Give another place with --listen: 127.0.0.1:0 takes any port that is free.',
  },
  DASHBOARD_HOST: {
    exit: 'notAble',
    says: 'nothing can be served here: this host is a recording or a model',
    advice: 'Serve a file, on a live host.',
  },
  TOKEN_UNFIT: {
    exit: 'badInput',
    says: '{path} {problem}',
    advice: 'Make one that only its owner may read: `(umask 077; head -c 32 /dev/urandom | base64 > FILE)`.',
  },
  HISTORY_EMPTY: {
    exit: 'noTarget',
    says: 'there is no history {when} in {directory}',
    advice:
      'The agent keeps it (`octavo agent`). Give its state directory with --state, or another time with --since and --until.',
  },
  HISTORY_TARGET_UNKNOWN: {
    exit: 'noTarget',
    says: 'the history knows no target `{target}` in that time',
    advice: 'There are {known}.',
  },
  HISTORY_TOO_LARGE: {
    exit: 'badInput',
    says: 'more than {rows} rows would be one JSON document',
    advice:
      'Ask for less with --since, --until, a longer --tier or one target, or write them with --csv or --out.',
  },
  STATE_LOCKED: {
    exit: 'refused',
    says: 'another Octavo (process {pid}) holds {path}',
    advice: 'Wait until it ends. A lock of a process that is gone is taken over by itself.',
  },
  DAMON_OCCUPIED: {
    exit: 'refused',
    says: 'DAMON is used by {owner}',
    advice: '{remedy}',
  },
  DAMON_REFUSED: {
    exit: 'badInput',
    says: 'DAMON refused {call} ({errno})',
    advice:
      'Check the parameters: EINVAL is a bad value, a process that is gone or a state that forbids it; ENOMEM nearly always a bad filter or quota goal.',
  },
  PRESSURE: {
    exit: 'refused',
    says: 'stopped by the memory-pressure guard: {reason}',
    advice: 'Try later, or raise the bound with the option named in the reason.',
  },
  INTERRUPTED: {
    exit: 'interrupted',
    says: 'interrupted by {signal}; the journal of run {run} is complete',
    advice: 'Go on with `octavo apply`, or take it back with `octavo undo {run}`.',
  },
  STOPPED: {
    exit: 'interrupted',
    says: 'interrupted by {signal} before there was a result',
    advice: 'Nothing was written. Start it again to get the whole.',
  },
  STOPPED_MIDWAY: {
    exit: 'interrupted',
    says: 'interrupted by {signal}; what was told before that holds',
    advice:
      'What was begun since then is not told, and was not carried out or stands in the journal: `octavo runs`.',
  },
  PROGRAM_NOT_FOUND: {
    exit: 'notFound',
    says: 'there is no program `{program}`',
    advice: 'Give a path, or a name that is in PATH.',
  },
  PROGRAM_NOT_RUN: {
    exit: 'cannotRun',
    says: '`{program}` cannot be run ({errno})',
    advice: 'It must be an executable file, on a file system that is not mounted noexec.',
  },
  SCENARIO_INVALID: {
    exit: 'badInput',
    says: '{path}:{line}: {key}: {problem}',
    advice: 'Correct that key; `octavo simulate --list` shows CPUs, workloads and ready scenarios.',
  },
  SCENARIO_FAILED: {
    exit: 'badInput',
    says: 'the scenario stopped at {time}: {problem}',
    advice: 'Give the host more memory or the process a higher limit.',
  },
  MODEL_REFUSED: {
    exit: 'refused',
    says: '{path}, {place}: {errno}',
    advice:
      'The model’s kernel failed this line, as Linux would. `expect ERRNO …` before it says that it should.',
  },
  RECORDING_LACKS: {
    exit: 'badInput',
    says: 'the recording {path} does not hold {what}',
    advice: 'Make recordings with `octavo record-host`; a recorded host cannot act.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorFacts = Readonly<Record<string, string | number>>;

/** A failure that is the input's, the kernel's or the user's, never a bug. */
export class OctavoError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, facts: ErrorFacts) {
    super(fillIn(ERRORS[code].says, facts));
    this.name = 'OctavoError';
    this.code = code;
    this.facts = facts;
  }

  get exitCode(): number {
    return EXIT[ERRORS[this.code].exit];
  }

  get advice(): string {
    return fillIn(ERRORS[this.code].advice, this.facts);
  }
}

function fillIn(template: string, facts: ErrorFacts): string {
  return template.replace(/\{(\w+)\}/g, (placeholder, name) =>
    Object.hasOwn(facts, name) ? String(facts[name]) : placeholder,
  );
}
