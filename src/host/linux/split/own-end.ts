/** Where the deciding process finds its end of the socket pair: a note in its environment, which its children do not inherit. */
const NOTE = 'OCTAVO_ACTING';
/** Its number there. */
export const OWN_END = 3;

/**
 * The environment of the deciding process: this one's, with the note. A watchdog that a service manager set on this process
 * is told by the deciding one (NotifyAccess=all), which would take it for another's: the pid goes.
 */
export function withNote(environment: NodeJS.ProcessEnv, pid: number): NodeJS.ProcessEnv {
  const { WATCHDOG_PID: watched, ...others } = environment;
  const isOwn = watched === undefined || watched === String(pid);
  return { ...others, ...(isOwn ? {} : { WATCHDOG_PID: watched }), [NOTE]: String(OWN_END) };
}

/** The descriptor of the own end, once; undefined for a process that is no part of a split. */
export function takeOwnEnd(): number | undefined {
  const note = process.env[NOTE];
  delete process.env[NOTE];
  return note === String(OWN_END) ? OWN_END : undefined;
}
