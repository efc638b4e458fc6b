/** Which processes a target means: globs of what a process belongs to. */
import { globPattern } from './glob.js';

/** What of a process can be matched, in the order in which reasons name it. */
export const MATCH_KEYS = ['unit', 'cgroup', 'container', 'pod', 'namespace', 'vm', 'command'] as const;
/** One of the names of a process that globs are compared with. */
export type MatchKey = (typeof MATCH_KEYS)[number];

/** What a process goes by, for each key; several where it has a name and an id. */
export type Names = Readonly<Record<MatchKey, readonly string[]>>;

/** A compiled `match`: every key given must fit, and of each key one glob. */
export interface Match {
  fits(names: Names): boolean;
  /** `unit redis-*.service, command redis-server` */
  readonly words: string;
  /** Whether it fits every process. */
  readonly isEverything: boolean;
}

/** A `match` as the configuration writes it: globs by key. */
export type MatchText = Partial<Readonly<Record<MatchKey, readonly string[] | undefined>>>;

/** Of each key that is given, one glob must fit. Without any key nothing fits. */
export function matchOf(text: MatchText): Match {
  const wanted = MATCH_KEYS.flatMap((key) => {
    const globs = text[key] ?? [];
    return globs.length === 0 ? [] : [{ key, globs, patterns: globs.map(globPattern) }];
  });
  return {
    fits: (names) =>
      wanted.length > 0 &&
      wanted.every(({ key, patterns }) =>
        candidates(key, names[key]).some((name) => patterns.some((pattern) => pattern.test(name))),
      ),
    words: wanted.map(({ key, globs }) => `${key} ${globs.join(' or ')}`).join(', '),
    isEverything:
      wanted.length > 0 &&
      wanted.every(({ key, globs }) => ALL[key] !== undefined && globs.includes(ALL[key])),
  };
}

/** Globs that fit whatever process there is. */
const ALL: Partial<Readonly<Record<MatchKey, string>>> = { command: '*', cgroup: '/**' };

/** A cgroup fits with all that is below it: the path itself and each of its ancestors. */
function candidates(key: MatchKey, names: readonly string[]): readonly string[] {
  if (key !== 'cgroup') return names;
  return names.flatMap((path) => {
    const parts = path.split('/').filter((part) => part !== '');
    return ['/', ...parts.map((_, at) => `/${parts.slice(0, at + 1).join('/')}`)];
  });
}
