/**
 * Select Graphic Rendition (ECMA-48) for the four looks in use. Packages for this look at the standard streams when they
 * are loaded, which opens them: slow at each start, and `octavo launch` would hand on streams that do not block.
 */
const look = (on: number, off: number) => (text: string) => `\x1b[${on}m${text}\x1b[${off}m`;

/** Functions that put the codes of a look around a text. */
export const paint = {
  bold: look(1, 22),
  red: look(31, 39),
  green: look(32, 39),
  yellow: look(33, 39),
} as const;
