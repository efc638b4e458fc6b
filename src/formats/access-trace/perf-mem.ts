import { parseScriptLine } from '../perf-script/line.js';
import type { TraceFormat, TraceLine } from './traced.js';

/**
 * `perf script` of memory events (perf mem, mem-loads, mem-stores, IBS, SPE), with `-F time,addr` at least. Each sample
 * stands for as many accesses as its period says.
 */
export const PERF_MEM: TraceFormat = {
  name: 'perf-script',
  says: 'perf script of memory events, with time, addr and period',
  isWhole: false,
  parse(line): TraceLine {
    const sample = parseScriptLine(line);
    if (sample?.address === undefined || !Number.isFinite(sample.timeNs)) return 'other';
    const weight = Number.isFinite(sample.period) && sample.period > 0 ? sample.period : 1;
    const write = /\|OP (STORE|LOAD\|STORE)|\|OP [A-Z|]*STORE/.test(line) || /store/i.test(sample.event);
    return { address: sample.address, bytes: 1, write, weight, timeNs: sample.timeNs };
  },
};
