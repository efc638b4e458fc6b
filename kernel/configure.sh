#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Makes a kernel configuration: the smallest one, and what the files ask for.
#
#   configure.sh SOURCE_TREE BUILD_DIR CONFIG...
#
# Exit status 1 if the kernel does not take one of the options.
set -eu

[ $# -ge 3 ] || {
	sed -n '6s/^# *//p' "$0" >&2
	exit 2
}
tree=$(CDPATH='' cd -- "$1" && pwd)
mkdir -p "$2"
build=$(CDPATH='' cd -- "$2" && pwd)
shift 2

make -s -C "$tree" O="$build" tinyconfig
wanted=$build/wanted.config
: > "$wanted"
for config; do
	# what a later file says, counts
	sed -n 's/^# \(CONFIG_[A-Z0-9_]*\) is not set$/\1/p; s/^\(CONFIG_[A-Z0-9_]*\)=.*/\1/p' "$config" |
		while IFS= read -r option; do
			sed -i "/^$option=/d; /^# $option is not set\$/d" "$wanted"
		done
	grep -E '^(CONFIG_|# CONFIG_.* is not set)' "$config" >> "$wanted"
done
sed -i 's/^\(CONFIG_[A-Z0-9_]*\)=n$/# \1 is not set/' "$wanted"
sed -n 's/^# \(CONFIG_[A-Z0-9_]*\) is not set$/\1/p; s/^\(CONFIG_[A-Z0-9_]*\)=.*/\1/p' "$wanted" |
	while IFS= read -r option; do
		sed -i "/^$option=/d; /^# $option is not set\$/d" "$build/.config"
	done
cat "$wanted" >> "$build/.config"
make -s -C "$tree" O="$build" olddefconfig

missing=$(grep '=' "$wanted" | while IFS= read -r line; do
	grep -qxF "$line" "$build/.config" || echo "$line"
done)
[ -z "$missing" ] || {
	echo "configure.sh: the kernel does not take:" >&2
	printf '%s\n' "$missing" >&2
	exit 1
}
