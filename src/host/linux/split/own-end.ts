/** Where the deciding process finds its end of the socket pair: a note in its environment, which nobody after it sees. */
const NOTE = 'OCTAVO_ACTING';
/** Its number there. */
export const OWN_END = 3;

/** The environment of the deciding process: this one's, with the note. */
export function withNote(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...environment, [NOTE]: String(OWN_END) };
}

/** The descriptor of the own end, once; undefined for a process that is no part of a split. */
export function takeOwnEnd(): number | undefined {
  const note = process.env[NOTE];
  delete process.env[NOTE];
  return note === String(OWN_END) ? OWN_END : undefined;
}
