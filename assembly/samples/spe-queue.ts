/** The AUX buffer that records are read from: whose they are. */
import { GUESSED, QUEUE_IS_NAMED, QUEUE_PID, QUEUE_TID, UNKNOWN_THREAD } from './exchange';
import * as host from './host';

export class Queue {
  static tid: i32 = 0;
  static pid: i32 = 0;
  /** A context packet has named the thread. */
  static isNamed: bool = false;
  /** The buffer is of one thread. */
  static hasThread: bool = false;
  /** Value of the last context packet, −1 before the first. */
  static context: i32 = -1;
  /** Times in [guessFrom, guessUntil) are of the thread that was found last. */
  static guessFrom: f64 = NaN;
  static guessUntil: f64 = NaN;
  static guessed: i32 = 0;
  static unknown: i32 = 0;
}

export function setQueue(tid: i32, pid: i32, isNamed: i32, hasThread: i32, context: i32): void {
  Queue.tid = tid;
  Queue.pid = pid;
  Queue.isNamed = isNamed != 0;
  Queue.hasThread = hasThread != 0;
  Queue.context = context;
  Queue.guessFrom = NaN;
  Queue.guessUntil = NaN;
}

/** Called by the host within seekThread. */
export function setGuess(tid: i32, pid: i32, from: f64, until: f64): void {
  Queue.tid = tid;
  Queue.pid = pid;
  Queue.guessFrom = from;
  Queue.guessUntil = until;
}

export function nameThread(tid: i32): void {
  Queue.tid = tid;
  Queue.pid = host.processOf(tid);
  Queue.isNamed = true;
}

/** Whose a record is by the context switches of its CPU. What is not known keeps the thread of the record before. */
export function guessThread(time: f64): void {
  const isKnown = (time >= Queue.guessFrom && time < Queue.guessUntil) || host.seekThread(time) != 0;
  if (isKnown) Queue.guessed++;
  else Queue.unknown++;
}

/** Leaves the queue's state for the host. */
export function leaveQueue(): void {
  store<i32>(QUEUE_TID, Queue.tid);
  store<i32>(QUEUE_PID, Queue.pid);
  store<i32>(QUEUE_IS_NAMED, Queue.isNamed ? 1 : 0);
  store<i32>(GUESSED, Queue.guessed);
  store<i32>(UNKNOWN_THREAD, Queue.unknown);
  Queue.guessed = 0;
  Queue.unknown = 0;
}
