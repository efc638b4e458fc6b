/** How text is to be written to a stream, from what the environment and the stream say. Pure. */
import type { TextStyle } from './terminal-text.js';

/** What a stream tells of itself. */
export interface StreamFacts {
  readonly isTTY?: boolean;
  readonly columns?: number | undefined;
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Narrower terminals are taken for this wide: words need some room. */
const LEAST_WIDTH = 40;

/**
 * COLUMNS wins over the terminal's own width; a pipe without it gets lines as they are. NO_COLOR wins over
 * FORCE_COLOR, and that over whether the stream is a terminal. Without a locale of UTF-8 only ASCII is written.
 */
export function styleOf(environment: Environment, stream: StreamFacts): TextStyle {
  const terminal = stream.isTTY === true;
  const asked = /^\d{1,4}$/.test(environment.COLUMNS ?? '') ? Number(environment.COLUMNS) : undefined;
  const own = terminal && stream.columns ? stream.columns : Number.POSITIVE_INFINITY;
  const colour = colourful(environment, terminal);
  const shades = colour ? shadesOf(environment) : undefined;
  return {
    width: Math.max(LEAST_WIDTH, asked || own),
    ascii: !speaksUtf8(environment),
    colour,
    ...(shades === undefined ? {} : { shades }),
  };
}

/** What terminals say of their shades; FORCE_COLOR=2 and 3 ask for them. */
function shadesOf({ COLORTERM, FORCE_COLOR, TERM }: Environment): TextStyle['shades'] {
  if (FORCE_COLOR === '3' || /^(truecolor|24bit)$/i.test(COLORTERM ?? '')) return 'all';
  return FORCE_COLOR === '2' || /256|direct/.test(TERM ?? '') ? '256' : undefined;
}

function speaksUtf8({ LC_ALL, LC_CTYPE, LANG }: Environment): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || 'C');
}

function colourful({ NO_COLOR, FORCE_COLOR, TERM }: Environment, terminal: boolean): boolean {
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return terminal && TERM !== 'dumb';
}
