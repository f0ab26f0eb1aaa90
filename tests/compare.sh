#!/bin/sh
# hopwatch beside mtr and traceroute, in one run over a made-up path in namespaces, without root:
#
#   tests/compare.sh
#
# Prints the table that README.md quotes: errors of round-trip times, time to the whole path, processor time,
# memory, bytes drawn, and the ratios. Takes about two minutes; nothing else should run beside it.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

missing=
command -v mtr > /dev/null || missing="$missing mtr-tiny"
command -v traceroute > /dev/null || missing="$missing traceroute"
command -v ip > /dev/null || missing="$missing iproute2"
if [ -n "$missing" ]; then
    echo "$0: not here:$missing; on Debian: apt-get install$missing" >&2
    exit 1
fi

said=$(mktemp)
trap 'rm -f "$said"' EXIT
status=0
HOPWATCH_LAB=required cargo test --release --test pty -- \
    --exact compare::compare --ignored --nocapture > "$said" 2>&1 || status=$?
if ! grep '^|' "$said"; then
    cat "$said" >&2
    exit 1
fi
echo
echo "$(date +%F), $(nproc)-core $(uname -m), Linux $(uname -r | cut -d- -f1)"
mtr --version
traceroute --version 2>&1 | head -n 1
[ "$status" = 0 ] || sed -n '/panicked/,$p' "$said" >&2
exit "$status"
