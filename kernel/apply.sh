#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Applies the series to a kernel source tree (checked against 7.3).
#
#   apply.sh SOURCE_TREE            the whole series
#   apply.sh --upto N SOURCE_TREE   only the first N patches
#   apply.sh --only N SOURCE_TREE   only patch N, on a tree that has those before
#   apply.sh --check SOURCE_TREE    see whether every anchor holds; change nothing
#   apply.sh --backoff SOURCE_TREE  the RFC that comes after the series, on top of it
#
# All or nothing: the tree changes only after every edit found its place.
# Exit status: 0 applied, 1 the source has moved or has the series already,
# 2 bad usage.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
first=1
last=99
check=false
folder=series

usage() {
	sed -n '5,9s/^# *//p' "$here/apply.sh" >&2
	exit 2
}

number() {
	case ${1:-} in
	'' | *[!0-9]*) usage ;;
	esac
	echo "$1"
}

while [ $# -gt 0 ]; do
	case $1 in
	--upto) last=$(number "${2:-}") && shift 2 ;;
	--only) first=$(number "${2:-}") && last=$first && shift 2 ;;
	--check) check=true && shift ;;
	--backoff) folder=backoff && shift ;;
	-*) usage ;;
	*) break ;;
	esac
done
[ $# -eq 1 ] || usage
tree=$1
[ -f "$tree/mm/damon/core.c" ] && [ -f "$tree/mm/khugepaged.c" ] || {
	echo "apply.sh: $tree is no kernel source tree with DAMON" >&2
	exit 2
}

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
trap 'exit 130' INT TERM

count=0
for patch in "$here/$folder"/[0-9][0-9]-*/; do
	patch=${patch%/}
	name=${patch##*/}
	order=${name%%-*}
	order=${order#0}
	[ "$order" -ge "$first" ] && [ "$order" -le "$last" ] || continue
	if ! perl "$here/tools/apply-edits.pl" "$patch" "$tree" "$stage"; then
		echo "apply.sh: $name does not apply to $tree; nothing was changed" >&2
		exit 1
	fi
	count=$((count + 1))
done
[ "$count" -gt 0 ] || {
	echo "apply.sh: no such patch" >&2
	exit 2
}

if $check; then
	echo "apply.sh: $count patches apply to $tree"
	exit 0
fi
(cd "$stage" && find . -type f) | while IFS= read -r file; do
	mkdir -p "$tree/$(dirname "$file")"
	# a new inode, because trees are often copied as hard links; the old mode
	[ ! -f "$tree/$file" ] || chmod --reference="$tree/$file" "$stage/$file"
	mv -f "$stage/$file" "$tree/$file"
done
echo "apply.sh: $count patches applied to $tree"
