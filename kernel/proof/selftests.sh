#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Boots a kernel in QEMU and runs selftests of DAMON that are in Python.
#
#   proof/selftests.sh KERNEL_IMAGE SELFTESTS_FOLDER TEST.py...
#
# SELFTESTS_FOLDER is tools/testing/selftests/damon of a tree with the series.
# A TEST.py with a path is taken from there, unmodified, one without from the
# folder.  The guest has this machine's Python.  Exit status 0 if all pass.
# Environment: MEMORY (MiB, default 1536), TIMEOUT (seconds, default 900).
set -eu

[ $# -ge 3 ] && [ -f "$1" ] && [ -f "$2/_damon_sysfs.py" ] || {
	sed -n '6s/^# *//p' "$0" >&2
	exit 2
}
image=$1
tests=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
root=$work/root
python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
lib=$(python3 -c 'import os; print(os.path.dirname(os.__file__))')

mkdir -p "$root$(dirname "$python")" "$root$lib" "$root/t" "$root/proc" "$root/sys" "$root/dev" "$root/tmp"
cp "$(command -v busybox)" "$root/busybox"
cp "$python" "$root$python"
tar -C "$lib" -cf - --exclude=test --exclude=__pycache__ --exclude=idlelib --exclude=lib2to3 \
	--exclude=ensurepip --exclude=pydoc_data --exclude=tkinter --exclude='config-*' --exclude=site-packages . |
	tar -C "$root$lib" -xf -
for file in "$python" "$lib"/lib-dynload/_ctypes.*; do
	ldd "$file" | tr ' \t' '\n\n' | grep '^/'
done | sort -u | while IFS= read -r file; do
	mkdir -p "$root$(dirname "$file")"
	cp -L "$file" "$root$file"
done
cp "$tests"/*.py "$root/t"
names=
for test; do
	case $test in
	*/*) cp "$test" "$root/t" ;;
	esac
	names="$names $(basename "$test")"
done
cat > "$root/init" <<END
#!/busybox sh
b=/busybox
\$b mount -t proc proc /proc
\$b mount -t sysfs sysfs /sys
\$b mount -t devtmpfs devtmpfs /dev
echo madvise > /sys/kernel/mm/transparent_hugepage/enabled
echo 100000000 > /sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs
cd /t
for test in $names; do
	$python -B \$test
	echo "selftest: \$test exits with \$?"
done
\$b reboot -f
END
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) > "$work/initramfs"
timeout "${TIMEOUT:-900}" qemu-system-x86_64 \
	-accel tcg,thread=multi -machine q35 -cpu max,-cx16 -smp 2,sockets=2 \
	-m "${MEMORY:-1536}" -nodefaults -no-user-config -nographic \
	-no-reboot -serial stdio -monitor none -kernel "$image" -initrd "$work/initramfs" \
	-append 'console=ttyS0 quiet panic=-1 no_timer_check damon_stat.enabled=0' \
	< /dev/null | sed -u 's|\r||g' | tee "$work/log"
[ "$(grep -c '^selftest: .* exits with 0$' "$work/log")" -eq "$#" ]
