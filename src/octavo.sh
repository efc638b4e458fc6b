#!/bin/sh
# Starts octavo. Node resets ignored signals, the signal mask and the limit of open files before any script of its own
# runs, so they are noted here: `octavo launch` hands them on, and `nohup octavo run` stays deaf to SIGHUP.
ignored=0 blocked=0 files=
while read -r key value; do
  case $key in
    SigIgn:) ignored=$value ;;
    SigBlk:) blocked=$value ;;
  esac
done 2>/dev/null </proc/self/status
for descriptor in /proc/self/fd/*; do files="$files ${descriptor##*/}"; done
OCTAVO_INHERITED="$ignored:$blocked:$(ulimit -Sn):$files"
export OCTAVO_INHERITED
self=$(readlink -f "$0") || self=$0
exec node "${self%/*}/main.js" "$@"
