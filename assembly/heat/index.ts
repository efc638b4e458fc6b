/** The kernel that counts samples by block and sub-page: what the host calls, and where it finds what. */
export { add, begin, blockCount, find, firstBlock, HEAD, usedBytes } from './blocks';
export { addCount, addRows, forgetProcesses, setGeometry } from './count';
export { CAPACITY, FLAGS, PID, TALLY, UNPLACED, VIRTUAL_PAGE, WEIGHT } from './rows';
export { tally } from './tally';
