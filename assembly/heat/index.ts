/** The loop that counts samples by block and sub-page: what the host calls, and where it finds what. */
export { add, begin, blockCount, find, firstBlock, HEAD, setThinning, usedBytes } from './blocks';
export { addCount, addCounts, addRows, addWeight, forgetProcesses, setGeometry } from './count';
export { CAPACITY, FLAGS, PID, TALLY, TIMES, UNPLACED, VIRTUAL_PAGE, WEIGHT } from './rows';
export { tally } from './tally';
