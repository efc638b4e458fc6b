/** process_vm_readv as other tools call it. Octavo itself does not: it unshares what a fork shares. */
import koffi from 'koffi';
import { errnoName } from '../../src/vocabulary/errno.js';

const PAGE_BYTES = 4096;

/** Reads so many pages of a process; the bytes read or the errno. */
export function processVmRead(pid: number, firstPage: number, pages: number): string {
  const read = koffi
    .load(null)
    .func('process_vm_readv', 'int64_t', ['int', 'void *', 'uint64_t', 'void *', 'uint64_t', 'uint64_t']);
  const bytes = pages * PAGE_BYTES;
  const into = Buffer.alloc(bytes);
  const local = new BigUint64Array([BigInt(koffi.address(into)), BigInt(bytes)]);
  const remote = new BigUint64Array([BigInt(firstPage) * BigInt(PAGE_BYTES), BigInt(bytes)]);
  const got = Number(read(pid, local, 1, remote, 1, 0));
  return got < 0 ? errnoName(koffi.errno()) : String(got);
}
