/** The loop that samples are decoded by: what the host calls, and where in its memory it finds what. */
export {
  ADDRESS_HIGH,
  ADDRESS_LOW,
  CAPACITY,
  EVENT,
  FLAGS,
  KIND,
  LATENCY,
  PHYSICAL_HIGH,
  PHYSICAL_LOW,
  PHYSICAL_PAGE,
  PID,
  setGeometry,
  TID,
  TIME,
  VIRTUAL_PAGE,
  WEIGHT,
} from './batch';
export { forget } from './caches';
export { forgetOrigin, setOrigin } from './clock';
export { COARSE, FREE, HASHED, HASHES, hashRows } from './hashes';
export { EXCHANGE, MODE_FLAGS, MOST_PLANS, OPERATION_KINDS, SOURCE_COUNTS, SOURCE_FLAGS } from './layout';
export { decodeSamples, setPlan, setReading } from './samples';
export { setGuess, setQueue } from './spe-queue';
export { decodeRecords, setSpe } from './spe-records';
export { forgetConversion, nanosecondsOf, setConversion } from './spe-time';
