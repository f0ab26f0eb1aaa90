#!/bin/sh
# hopwatch beside mtr, on the same path in the same run: CPU, memory and bytes drawn.
#
#   tests/measure.sh [SECONDS]          (20)
#
# Wants mtr (Debian: mtr-tiny), GNU time (time) and script (bsdutils), and `cargo build --release` first.
# The path is ten real Linux routers in network namespaces, see tests/lab.sh. Both draw on a pseudo-terminal
# of 120x30, ask every hop once a second by UDP and look no names up; each runs three times, in turns.
# Read the ratios: the figures themselves are this machine's.
set -eu

seconds=${1:-20}
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${HOPWATCH_MEASURE:-}" ]; then
    for tool in mtr script /usr/bin/time; do
        command -v "$tool" > /dev/null || { echo "$0: no $tool here; Debian has it in mtr-tiny, bsdutils, time" >&2; exit 1; }
    done
    HOPWATCH_MEASURE=$(mktemp -d)
    export HOPWATCH_MEASURE
    trap 'rm -rf "$HOPWATCH_MEASURE"' EXIT
    "$here/lab.sh" --hops 10 --privileged -- "$0" "$seconds"
    exit
fi

drop="setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all --"

# run NAME COMMAND: on a pseudo-terminal for that long; appends "CPU-seconds KiB bytes" to NAME's list.
run() {
    cat > "$HOPWATCH_MEASURE/run" << RUN
stty cols 120 rows 30
TIMEFORMAT='%3U %3S'
time /usr/bin/time -o $HOPWATCH_MEASURE/peak -f %M timeout --foreground -s TERM $seconds $2 2>&1
RUN
    TERM=xterm-256color script -qec "bash $HOPWATCH_MEASURE/run" "$HOPWATCH_MEASURE/drawn" < /dev/null > /dev/null || :
    took "$1" "$(wc -c < "$HOPWATCH_MEASURE/drawn")" < "$HOPWATCH_MEASURE/drawn"
}

# quiet NAME COMMAND: the same without a screen.
quiet() {
    bash -c "TIMEFORMAT='%3U %3S'; time /usr/bin/time -o $HOPWATCH_MEASURE/peak -f %M sh -c '$2' > /dev/null 2>&1" \
        > "$HOPWATCH_MEASURE/drawn" 2>&1 < /dev/null || :
    took "$1" 0 < "$HOPWATCH_MEASURE/drawn"
}

# took NAME BYTES: reads the last "user system" line, adds what else is known.
took() {
    times=$(tr -d '\r' | grep -aoE '[0-9]+\.[0-9]{3} [0-9]+\.[0-9]{3}$' | tail -n 1)
    echo "$times $(tail -n 1 "$HOPWATCH_MEASURE/peak") $2" | awk '{ print $1 + $2, $3, $4 }' >> "$HOPWATCH_MEASURE/$1"
}

for turn in 1 2 3; do
    run hopwatch "$drop hopwatch -n -4 $TARGET"
    run mtr "mtr -u -n -4 -i 1 $TARGET"
    quiet hopwatch-report "exec $drop hopwatch -n -4 -r -c $seconds $TARGET"
    quiet mtr-report "exec mtr -u -n -4 -i 1 -r -c $seconds $TARGET"
done

probes=$((seconds * 11))
median() { cut -d' ' -f"$2" "$HOPWATCH_MEASURE/$1" | sort -n | sed -n 2p; }
echo
echo "median of three runs of $seconds s, 11 hops, about $probes probes each"
printf '%-18s %14s %12s %14s\n' "" "CPU ms/1000" "peak KiB" "bytes drawn/s"
for name in hopwatch mtr hopwatch-report mtr-report; do
    printf '%-18s %14.0f %12d %14d\n' "$name" \
        "$(median $name 1 | awk -v probes="$probes" '{ print $1 * 1000000 / probes }')" \
        "$(median $name 2)" "$(($(median $name 3) / seconds))"
done
echo "$(median hopwatch 1) $(median mtr 1) $(median hopwatch-report 1) $(median mtr-report 1)" | awk '
    { printf "CPU, hopwatch / mtr: %.2f on screen, %.2f without\n", $1 / $2, $3 / $4 }'
