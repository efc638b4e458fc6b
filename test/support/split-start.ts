/** A program that becomes two: `split-start.js`, for the tests of src/host/linux/split. */
import { split } from '../../src/host/linux/split/split.js';

const [mode] = process.argv.slice(2);
const refused = await split({
  deciding: {
    entry: new URL('./split-deciding.js', import.meta.url),
    words: [mode],
  },
  acting: { entry: new URL('./split-acting.js', import.meta.url), words: [] },
  keep: ['CAP_SYS_PTRACE', 'CAP_SYS_NICE', 'CAP_DAC_READ_SEARCH'],
});
console.log(JSON.stringify({ refused }));
