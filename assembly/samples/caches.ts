/** A direct-mapped cache of what the host returned: one entry for each hash, the last one stays. */
import * as host from './host';
import {
  ID_CACHE,
  ID_CACHE_BITS,
  PID_CACHE,
  PID_CACHE_MASK,
  SOURCE_CACHE,
  SOURCE_CACHE_BITS,
} from './layout';

/** 2^64 divided by the golden ratio. */
const GOLDEN: u64 = 0x9e3779b97f4a7c15;

/** Forgets all: events, ids or wanted processes have changed. */
export function forget(): void {
  memory.fill(ID_CACHE, 0xff, 16 << (<usize>ID_CACHE_BITS));
  memory.fill(PID_CACHE, 0, 8 * (<usize>PID_CACHE_MASK + 1));
  memory.fill(SOURCE_CACHE, 0, 16 << (<usize>SOURCE_CACHE_BITS));
}

/** Number of the event of an id, −1 for none. A place never used holds −1 with the id −1, which is right as well. */
export function eventOf(id: u64): i32 {
  const place = ID_CACHE + ((<usize>((id * GOLDEN) >> (64 - ID_CACHE_BITS))) << 4);
  return load<u64>(place) == id ? load<i32>(place, 8) : askEvent(id, place);
}

function askEvent(id: u64, place: usize): i32 {
  const event = host.eventOf(<u32>id, <u32>(id >> 32));
  store<u64>(place, id);
  store<i32>(place, event, 8);
  return event;
}

export function isWanted(pid: i32): bool {
  const place = PID_CACHE + ((<usize>(<u32>pid & PID_CACHE_MASK)) << 3);
  const answer = load<i32>(place, 4);
  return answer != 0 && load<i32>(place) == pid ? answer == 1 : askWanted(pid, place);
}

function askWanted(pid: i32, place: usize): bool {
  const answer = host.isWanted(pid) != 0;
  store<i32>(place, pid);
  store<i32>(place, answer ? 1 : 2, 4);
  return answer;
}

/** What a perf_mem_data_src means, as host.meaningOfSource says it. */
export function meaningOfSource(source: u64): i32 {
  const place = SOURCE_CACHE + ((<usize>((source * GOLDEN) >> (64 - SOURCE_CACHE_BITS))) << 4);
  const answer = load<i32>(place, 8);
  return answer != 0 && load<u64>(place) == source ? answer - 1 : askSource(source, place);
}

function askSource(source: u64, place: usize): i32 {
  const meaning = host.meaningOfSource(<u32>source, <u32>(source >> 32));
  store<u64>(place, source);
  store<i32>(place, meaning + 1, 8);
  return meaning;
}
