/** CPU time of this process, as the kernel counts it. */
import type { Host } from '../../host/host.js';
import type { Nanoseconds } from '../../vocabulary/units.js';

/** USER_HZ, which is 100 on every architecture that has huge pages. */
const NS_PER_TICK: Nanoseconds = 10_000_000;

/** Tells the CPU time that this process has taken since; undefined where the host does not tell. */
export function cpuMeter({ files, identity }: Host): () => Nanoseconds | undefined {
  const now = () => {
    const text = files.readText(`/proc/${identity.pid}/stat`);
    const fields = text.ok ? text.value.slice(text.value.lastIndexOf(')') + 2).split(' ') : [];
    // Fields 14 and 15 of the line, user and system time of all threads.
    return (Number(fields[11]) + Number(fields[12])) * NS_PER_TICK;
  };
  const began = now();
  return () => {
    const spent = now() - began;
    return Number.isFinite(spent) ? spent : undefined;
  };
}
