/** Options and arguments that many commands share. Loads nothing else: most of them never plan. */
import { parseWord } from './parameters.js';

export {
  parseBytes,
  parseCount,
  parseDuration,
  parseFraction,
  parsePeriod,
  parseWord,
} from './parameters.js';

/** Declaration of the argument TARGET. */
export const targetParameter = {
  kind: 'tuple',
  parameters: [{ placeholder: 'target', brief: 'Pid, command name, cgroup:/path, or all', parse: parseWord }],
} as const;

/** A target that heat files may stand in for. */
export const optionalTargetParameter = {
  kind: 'tuple',
  parameters: [
    {
      placeholder: 'target',
      brief: 'Pid, command name, cgroup:/path, or all; with --heat the recorded processes when absent',
      parse: parseWord,
      optional: true,
    },
  ],
} as const;

/** Parsed values of `--only` and `--deny`. */
export type ScopeFlags = {
  readonly only?: readonly string[];
  readonly deny?: readonly string[];
};

/** Declarations of `--only` and `--deny`. */
export const scopeFlags = {
  only: {
    kind: 'parsed',
    parse: parseWord,
    brief: 'Touch only these command names or cgroup:/paths',
    variadic: true,
    optional: true,
    placeholder: 'name',
  },
  deny: {
    kind: 'parsed',
    parse: parseWord,
    brief: 'Never touch these command names or cgroup:/paths',
    variadic: true,
    optional: true,
    placeholder: 'name',
  },
} as const;

/** Parsed value of `--dry-run`. */
export type DryRunFlags = {
  readonly dryRun: boolean;
};

/** Declaration of `--dry-run`. */
export const dryRunFlags = {
  dryRun: {
    kind: 'boolean',
    brief: 'Print the exact calls and writes, make none',
    default: false,
    withNegated: false,
  },
} as const;

/** Parsed value of `--state`. */
export type StateFlags = {
  readonly state?: string;
};

/** Declaration of `--state`. */
export const stateFlags = {
  state: {
    kind: 'parsed',
    parse: parseWord,
    brief: 'Directory for journals and back-off state',
    optional: true,
    placeholder: 'directory',
  },
} as const;

/** Which agent is asked. */
export const runtimeFlag = {
  kind: 'parsed',
  parse: parseWord,
  brief: 'Runtime directory of the agent, where it is not the usual one',
  optional: true,
  placeholder: 'directory',
} as const;
