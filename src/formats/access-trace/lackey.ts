import { access, type TraceFormat, type TraceLine } from './traced.js';

/**
 * `valgrind --tool=lackey --trace-mem=yes` (lackey/lk_main.c): `I  addr,size` for instructions, ` L addr,size` for loads,
 * ` S` for stores, ` M` for both at once; addresses in hexadecimal. Lines of valgrind itself begin with ==pid==, and
 * the program writes its own in between.
 */
export const LACKEY: TraceFormat = {
  name: 'lackey',
  says: 'valgrind --tool=lackey --trace-mem=yes',
  isWhole: true,
  parse(line): TraceLine {
    const kind = /^ ([LSM]) (.*)$/.exec(line);
    if (kind === null) return 'other';
    const [digits, bytes, ...rest] = kind[2].split(',');
    return rest.length > 0 || bytes === undefined
      ? 'broken'
      : access(digits, bytes.trimEnd(), kind[1] !== 'L');
  },
};
