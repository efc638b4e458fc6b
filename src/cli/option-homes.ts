/**
 * Advice never leads to an option that the running command lacks. Texts of other rooms name options of several
 * commands; where the one that runs has not got it, the command that has is named.
 */

/** Options that texts outside the commands name, each with a command that has it. */
export const OPTION_HOMES = {
  'max-pressure': 'octavo plan',
  'min-free': 'octavo plan',
  'min-free-blocks': 'octavo plan',
  'lock-share': 'octavo plan',
  'allow-sticky': 'octavo plan',
  thp: 'octavo launch',
  'max-blocks': 'octavo plan',
  'max-bytes': 'octavo plan',
  'share-damon': 'octavo run',
  'max-memory': 'octavo import',
  event: 'octavo import',
  perf: 'octavo plan',
  heat: 'octavo plan',
  'half-life': 'octavo plan',
  split: 'octavo plan',
  collapse: 'octavo plan',
  only: 'octavo plan',
  pid: 'octavo import',
  time: 'octavo import',
  tid: 'octavo import',
  comm: 'octavo import',
  cpu: 'octavo import',
  cgroup: 'octavo import',
  slice: 'octavo import',
  'dry-run': 'octavo run',
  sample: 'octavo probe',
  list: 'octavo simulate',
  'keep-runs': 'octavo run',
  'keep-bytes': 'octavo run',
  'keep-age': 'octavo run',
  config: 'octavo agent',
  listen: 'octavo dashboard',
  state: 'octavo history',
  since: 'octavo history',
  until: 'octavo history',
  tier: 'octavo history',
  csv: 'octavo history',
  out: 'octavo history',
} as const satisfies Readonly<Record<string, `octavo ${string}`>>;

/** The text, followed by where to find the options of it that the running command lacks. */
export function withOptionHomes(text: string, has: (option: string) => boolean): string {
  const named = new Set(
    [...text.matchAll(/(?<=^|[\s(/`])--([a-z][a-z-]*[a-z])/g)].map(([, option]) => option),
  );
  const elsewhere = [...named].flatMap((option) => {
    const home = Object.hasOwn(OPTION_HOMES, option)
      ? OPTION_HOMES[option as keyof typeof OPTION_HOMES]
      : undefined;
    const isTold = home !== undefined && text.includes(`${home} --${option}`);
    return home === undefined || isTold || has(option) ? [] : [`--${option} is an option of \`${home}\``];
  });
  return elsewhere.length === 0 ? text : `${text} (${elsewhere.join('; ')})`;
}
