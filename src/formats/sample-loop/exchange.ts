/** Words that calls of the loop of assembly/samples leave results in. */

/** Words of the exchange block (exchange.ts), which a call leaves its results in. */
export const EXCHANGE = {
  rows: 0,
  seen: 1,
  otherProcess: 2,
  originIsSet: 3,
  originLow: 4,
  originHigh: 5,
  records: 6,
  memoryRecords: 7,
  guessed: 8,
  unknownThread: 9,
  unconverted: 10,
  queueTid: 11,
  queuePid: 12,
  queueIsNamed: 13,
  queueContext: 14,
} as const;
/** 32-bit words that both sides exchange with each call (assembly/samples/exchange.ts). */
export const EXCHANGE_WORDS = 16;
