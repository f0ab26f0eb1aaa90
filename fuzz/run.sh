#!/bin/sh
# Fuzzes every parser in turn, or those named:
#
#   fuzz/run.sh [-s SECONDS] [TARGET…]     each for that long (900)
#
# Needs a nightly toolchain, clang, and cargo-fuzz (cargo install cargo-fuzz). A finding is left in
# fuzz/artifacts/TARGET and ends the run with its status; what each target did is said in its last lines.
set -eu
cd "$(dirname "$0")"

seconds=900
while getopts s: option; do
    case $option in s) seconds=$OPTARG ;; *) exit 2 ;; esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- icmp_v4 icmp_v6 quotes extensions error_queue payloads names

cargo +nightly fuzz build --fuzz-dir .
folder=$(rustc +nightly -vV | sed -n 's/^host: //p')
"${CARGO_TARGET_DIR:-target}/$folder/release/seeds"
for target; do
    echo "== $target, $seconds s"
    cargo +nightly fuzz run --fuzz-dir . "$target" -- \
        -max_total_time="$seconds" -max_len=1500 -timeout=5 -print_final_stats=1 -verbosity=0
done
