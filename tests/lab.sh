#!/bin/sh
# A path of routers to try hopwatch on, on any Linux machine, without root and without a network:
#
#   tests/lab.sh [OPTION…] [--] [COMMAND…]
#
#   --hops N      that many routers before the target (10)
#   --names       routers and target have names: r1.lab, r2.lab, …, target.lab
#   --far MS      a made-up path whose target is MS milliseconds away, in place of real Linux routers
#   --target HOW  with --far: "port" (port unreachable), "limited" (six answers, then one a second),
#                 "silent", or "bare": as "port", and every third router quotes eight bytes only
#   --privileged  let the command keep the capabilities that it has in there
#
# The command (a shell if there is none) runs without any capability otherwise; the target's addresses are said
# first, and are in $TARGET and $TARGET6. All of it is gone when the command ends.
set -eu

hops=10 names= far= how=port privileged=
while [ $# -gt 0 ]; do
    case $1 in
        --hops) hops=$2; shift 2 ;;
        --names) names=yes; shift ;;
        --far) far=$2; shift 2 ;;
        --target) how=$2; shift 2 ;;
        --privileged) privileged=yes; shift ;;
        --) shift; break ;;
        -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit ;;
        -*) echo "$0: no option $1; --help says which there are" >&2; exit 2 ;;
        *) break ;;
    esac
done

# Outside: build what is needed, then start anew as master over namespaces of our own.
if [ -z "${HOPWATCH_LAB_SH:-}" ]; then
    root=$(cd "$(dirname "$0")/.." && pwd)
    responder=
    if [ -n "$far" ]; then
        responder=$(cd "$root" && cargo test --test kernel --no-run 2>&1 | sed -n 's/.*Executable.*(\(.*\))$/\1/p')
        [ -n "$responder" ] || { echo "$0: the responder does not build; see: cargo test --no-run" >&2; exit 1; }
        case $responder in /*) ;; *) responder=$root/$responder ;; esac
    fi
    export HOPWATCH_LAB_SH="$responder" PATH="$root/target/release:$root/target/debug:$PATH"
    [ -n "$responder" ] || HOPWATCH_LAB_SH=none
    exec unshare -Urnm --map-root-user -- sh "$0" --hops "$hops" ${names:+--names} ${far:+--far "$far"} \
        --target "$how" ${privileged:+--privileged} -- "$@"
fi

started=
scratch=$(mktemp -d)
trap 'for pid in $started; do kill "$pid" 2>/dev/null || :; done; rm -rf "$scratch"' EXIT
trap : INT

last=$((hops + 1))
address() { echo "10.0.$1.$2"; }
address6() { printf 'fd00:0:0:%x::%x' "$1" "$2"; }
TARGET=$(address $last 1) TARGET6=$(address6 $last 1)
export TARGET TARGET6

ip link set lo up
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
echo 0 0 > /proc/sys/net/ipv4/ping_group_range

# real_routers: one network namespace each, kept by a sleeping process, tied together by veth pairs.
real_routers() {
    own=$(readlink /proc/self/ns/net)
    before=$$ interface=away
    for distance in $(seq $last); do
        unshare -n sleep 2147483647 &
        node=$!
        started="$started $node"
        until [ "$(readlink "/proc/$node/ns/net")" != "$own" ] 2>/dev/null; do :; done
        ip link add name "link$distance" type veth peer name home netns "$node"
        [ "$before" = $$ ] || ip link set "link$distance" netns "$before"
        near_end "$before" "$distance"
        far_end "$node" "$distance"
        before=$node
    done
}

# near_end PID LINK: the end towards the prober, and the routes onward.
near_end() {
    nsenter -t "$1" -n ip -batch - <<LINES
link set link$2 up
addr add $(address "$2" 254)/24 dev link$2
addr add $(address6 "$2" 254)/64 dev link$2 nodad
route replace default via $(address "$2" 1)
route replace default via $(address6 "$2" 1)
LINES
}

# far_end PID LINK: the end towards the target, the way back, and forwarding.
far_end() {
    nsenter -t "$1" -n sh -c 'cd /proc/sys/net
        echo 0 > ipv6/conf/default/accept_dad; echo 0 > ipv6/conf/home/accept_dad
        echo 1 > ipv4/ip_forward; echo 1 > ipv6/conf/all/forwarding'
    nsenter -t "$1" -n ip -batch - <<LINES
link set lo up
link set home up
addr add $(address "$2" 1)/24 dev home
addr add $(address6 "$2" 1)/64 dev home nodad
$([ "$2" = 1 ] || echo "route add $(address 1 0)/24 via $(address "$2" 254)")
$([ "$2" = 1 ] || echo "route add $(address6 1 0)/64 via $(address6 "$2" 254)")
LINES
}

# made_up_path: the tests' own responder plays it.
made_up_path() {
    mkfifo "$scratch/said"
    HOPWATCH_SERVE="$hops $far $how" "$HOPWATCH_LAB_SH" --exact serve::serve --ignored --nocapture \
        > "$scratch/said" 2>&1 < /dev/null &
    started="$started $!"
    # Kept open: a responder that speaks up later must not find the pipe broken.
    exec 3< "$scratch/said"
    while read -r line <&3; do
        case $line in serving) break ;; esac
        last_words=$line
    done
    [ "$line" = serving ] || { echo "$0: the responder says: $last_words" >&2; exit 1; }
}

if [ -n "$far" ]; then made_up_path; else real_routers; fi

if [ -n "$names" ]; then
    {
        echo "127.0.0.1 localhost"
        echo "::1 localhost"
        for distance in $(seq "$hops"); do
            echo "$(address "$distance" 1) r$distance.lab"
            echo "$(address6 "$distance" 1) r$distance.lab"
        done
        echo "$TARGET target.lab"
        echo "$TARGET6 target.lab"
    } > "$scratch/hosts"
    mount --bind "$scratch/hosts" /etc/hosts
    echo "target: target.lab, $TARGET, $TARGET6" >&2
else
    echo "target: $TARGET, $TARGET6" >&2
fi

[ $# -gt 0 ] || set -- "${SHELL:-sh}"
status=0
if [ -n "$privileged" ]; then
    "$@" || status=$?
else
    setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all -- "$@" || status=$?
fi
exit $status
