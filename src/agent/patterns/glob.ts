/** Patterns of names as systemd, shells and kubectl users write them. */
import type { ValueParser } from '../../vocabulary/quantities.js';

const LONGEST = 256;

/** `*` stands for any letters but `/`, `**` for any, `?` for one, `[a-c]` for one of several. */
export function globPattern(glob: string): RegExp {
  let source = '';
  for (let at = 0; at < glob.length; at++) {
    const set = glob[at] === '[' ? /^\[(!?)([^\]/]+)\]/.exec(glob.slice(at)) : null;
    if (set !== null) {
      source += `[${set[1] === '' ? '' : '^'}${set[2].replace(/[\\\]^]/g, '\\$&')}]`;
      at += set[0].length - 1;
    } else if (glob.startsWith('**', at)) {
      source += '.*';
      at++;
    } else if (glob[at] === '*') source += '[^/]*';
    else if (glob[at] === '?') source += '[^/]';
    else source += glob[at].replace(/[.+^${}()|[\]\\]/g, '\\$&');
  }
  return new RegExp(`^${source}$`, 's');
}

/** Reads a glob. Throws a SyntaxError. */
export const parseGlob: ValueParser<string> = Object.assign(
  (text: string): string => {
    if (text.trim() === '') throw new SyntaxError('is empty; write a name, or * for any');
    if (text.length > LONGEST) throw new SyntaxError(`is longer than ${LONGEST} letters`);
    try {
      globPattern(text);
    } catch {
      throw new SyntaxError('is no glob: its brackets hold no range of letters');
    }
    return text;
  },
  { accepts: 'a glob such as redis-*.service, where * stands for any letters' },
);

/** Reads a glob of cgroup paths. Throws a SyntaxError. */
export const parseCgroupGlob: ValueParser<string> = Object.assign(
  (text: string): string => {
    if (!text.startsWith('/')) throw new SyntaxError('must begin with /, the root of the hierarchy');
    return parseGlob(text);
  },
  { accepts: 'a path in the cgroup hierarchy such as /kubepods.slice/**, with all that is below it' },
);
