#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

# Split and collapse the memory of a child process to several folio orders, and
# look at what is there by the kernel's counters of folios for each size.

import ctypes
import mmap
import os
import signal
import sys
import time

import _damon_sysfs

ksft_skip = 4

thp = '/sys/kernel/mm/transparent_hugepage'
page_size = os.sysconf('SC_PAGE_SIZE')

def read(path):
    with open(path) as f:
        return f.read()

def huge_size():
    return int(read('%s/hpage_pmd_size' % thp))

def nr_anon(order):
    return int(read('%s/hugepages-%dkB/stats/nr_anon' %
                    (thp, page_size // 1024 << order)))

def populate(base, length):
    for off in range(0, length, page_size):
        ctypes.c_char.from_address(base + off).value = b'x'

# The memory is aligned to huge pages, and contains some of those, or none.
def start_child(nr_huge, huge):
    ready, told = os.pipe()
    pid = os.fork()
    if pid != 0:
        os.close(told)
        base = int(os.read(ready, 32))
        os.close(ready)
        return pid, base

    length = nr_huge * huge_size()
    mem = mmap.mmap(-1, length + huge_size(),
                    flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    raw = ctypes.addressof(ctypes.c_char.from_buffer(mem))
    base = (raw + huge_size() - 1) // huge_size() * huge_size()
    mem.madvise(mmap.MADV_HUGEPAGE if huge else mmap.MADV_NOHUGEPAGE)
    populate(base, length)
    mem.madvise(mmap.MADV_HUGEPAGE)
    os.write(told, b'%d' % base)
    while True:
        signal.pause()

def run(pid, action, order, base, length):
    scheme = _damon_sysfs.Damos(
            action=action, target_order=order,
            access_pattern=_damon_sysfs.DamosAccessPattern(
                size=[0, 2**64 - 1], nr_accesses=[0, 2**64 - 1],
                age=[0, 2**64 - 1]),
            core_filters=[_damon_sysfs.DamosFilter(
                'addr', matching=True, allow=True, addr_start=base,
                addr_end=base + length)])
    kdamonds = _damon_sysfs.Kdamonds([_damon_sysfs.Kdamond(
            contexts=[_damon_sysfs.DamonCtx(
                ops='vaddr', targets=[_damon_sysfs.DamonTarget(pid=pid)],
                schemes=[scheme])])])
    err = kdamonds.start()
    if err is not None:
        print('kdamond start failed: %s' % err)
        return 0
    applied = 0
    for _ in range(100):
        time.sleep(0.1)
        kdamonds.kdamonds[0].update_schemes_stats()
        if scheme.stats.sz_applied == applied and applied:
            break
        applied = scheme.stats.sz_applied
    kdamonds.stop()
    return applied

# Returns whether the range, and nothing else, has folios of the order.
def check(what, pid, action, order, base, length):
    before = nr_anon(order) if order else 0
    applied = run(pid, action, order, base, length)
    grown = (nr_anon(order) if order else 0) - before
    wanted = length // (page_size << order) if order else 0
    print('%s to order %d: applied %d of %d, %d folios of %d' %
          (what, order, applied, length, grown, wanted))
    return applied == length and grown == wanted

def main():
    if not os.path.exists('%s/hpage_pmd_size' % thp):
        print('no huge pages')
        exit(ksft_skip)
    huge = huge_size()
    pmd_order = (huge // page_size).bit_length() - 1
    ok = True

    # larger folios to smaller ones, two huge pages of eight for each order
    pid, base = start_child(8, True)
    for i, order in enumerate([0, 2, 4]):
        ok &= check('split', pid, 'split', order, base + 2 * i * huge,
                    2 * huge)
    # and all the way back
    ok &= check('collapse', pid, 'collapse', pmd_order, base, 2 * huge)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)

    # smaller ones to larger ones
    pid, base = start_child(8, False)
    for i, order in enumerate([2, 4, pmd_order]):
        ok &= check('collapse', pid, 'collapse', order, base + 2 * i * huge,
                    2 * huge)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if not ok:
        exit(1)

if __name__ == '__main__':
    main()
