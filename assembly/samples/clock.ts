/** The time that all times of a recording are counted from: the first one met. */
import { ORIGIN, ORIGIN_IS_SET } from './exchange';

export class Clock {
  static hasOrigin: bool = false;
  static origin: u64 = 0;
}

export function setOrigin(low: u32, high: u32): void {
  Clock.hasOrigin = true;
  Clock.origin = ((<u64>high) << 32) | <u64>low;
}

export function forgetOrigin(): void {
  Clock.hasOrigin = false;
}

/** Makes `time` the origin when there is none. */
export function begin(time: u64): void {
  if (Clock.hasOrigin) return;
  Clock.hasOrigin = true;
  Clock.origin = time;
  store<u64>(ORIGIN, time);
  store<i32>(ORIGIN_IS_SET, 1);
}
