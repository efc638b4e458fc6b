#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Boots a kernel in QEMU and lets the proof run as its /init.
#
#   proof/run.sh KERNEL_IMAGE [kunit] [cases] [stress SECONDS]
#
# Prints the guest's console.  Exit status: 0 when the proof passed and the
# kernel log has no complaint.  Environment: MEMORY (MiB, default 1536),
# TIMEOUT (seconds of wall time, default 1800), CPUS (default 2), APPEND
# (kernel parameters, kunit wants kunit.enable=1), ARCH=arm64 for an arm64
# Image with pages of 4 KiB (CROSS_COMPILE, default aarch64-linux-gnu-).
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ $# -ge 1 ] && [ -f "$1" ] || {
	sed -n '5,12s/^# *//p' "$here/run.sh" >&2
	exit 2
}
image=$1
shift
[ $# -gt 0 ] || set -- cases

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir "$work/guest"
case ${ARCH:-x86} in
arm64) compiler=${CROSS_COMPILE:-aarch64-linux-gnu-}gcc console=ttyAMA0 ;;
*) compiler=${CC:-gcc} console=ttyS0 ;;
esac
"$compiler" -O1 -static -Wall -Wextra -o "$work/guest/init" "$here"/*.c
(cd "$work/guest" && echo init | cpio -o -H newc --quiet) > "$work/initramfs"
truncate -s 256M "$work/swap"

cpus=${CPUS:-2}

# As many sockets: without ACPI a kernel finds one CPU for each of those only.
# -cx16: the cmpxchg16b of this QEMU's TCG makes SLUB oops now and then.
machine() {
	case ${ARCH:-x86} in
	arm64) echo "qemu-system-aarch64 -machine virt -cpu max -smp $cpus" ;;
	*) echo "qemu-system-x86_64 -machine q35 -cpu max,-cx16 -smp $cpus,sockets=$cpus" ;;
	esac
}

# shellcheck disable=SC2046
timeout "${TIMEOUT:-1800}" $(machine) \
	-accel tcg,thread=multi -m "${MEMORY:-1536}" -nodefaults -no-user-config -nographic \
	-no-reboot -serial stdio -monitor none \
	-kernel "$image" -initrd "$work/initramfs" \
	-drive "file=$work/swap,format=raw,if=none,id=swap" -device virtio-blk-pci,drive=swap \
	-append "console=$console quiet panic=-1 damon_stat.enabled=0 ${APPEND:-} -- $*" \
	< /dev/null | sed -u 's|\r||g' | tee "$work/log"
grep -q '^PROOF PASSED' "$work/log"
