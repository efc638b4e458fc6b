#!/bin/sh
# Monitors a process with DAMON through sysfs and shows what was found: for any kernel with CONFIG_DAMON_SYSFS.
# Usage: damon-by-hand.sh PID [ACTION]
set -e
pid=$1
action=${2:-stat}
cd /sys/kernel/mm/damon/admin/kdamonds
echo 1 > nr_kdamonds
echo 1 > 0/contexts/nr_contexts
context=0/contexts/0
echo vaddr > $context/operations
echo 1 > $context/targets/nr_targets
echo "$pid" > $context/targets/0/pid_target
echo 1 > $context/schemes/nr_schemes
scheme=$context/schemes/0
echo "$action" > $scheme/action
echo 18446744073709551615 > $scheme/access_pattern/sz/max
echo 4294967295 > $scheme/access_pattern/nr_accesses/max
echo 4294967295 > $scheme/access_pattern/age/max
echo on > 0/state
echo "state $(cat 0/state)"
sleep 1
echo update_schemes_stats > 0/state
echo update_schemes_tried_regions > 0/state
echo "tried $(cat $scheme/stats/nr_tried) times, $(cat $scheme/stats/sz_tried) bytes"
echo "snapshot of $(cat $scheme/tried_regions/total_bytes) bytes"
hot=0
for region in $scheme/tried_regions/*/; do
  start=$(cat "$region/start")
  end=$(cat "$region/end")
  accesses=$(cat "$region/nr_accesses")
  [ "$accesses" -gt 0 ] && hot=$((hot + end - start))
  echo "region $start $end accesses $accesses age $(cat "$region/age")"
done
echo "hot $hot bytes"
echo off > 0/state
echo "state $(cat 0/state)"
echo 0 > nr_kdamonds
