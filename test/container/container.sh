# A container with a real systemd as PID 1, for the tests of this folder. To be sourced in a mount
# namespace of its own (`unshare -m`): cgroup v2 is mounted there, and nspawn's cgroups go with it.
#
#   container_start IMAGE FOLDER     unpacks and boots; sets `root`, its root folder
#   inside COMMAND...                runs a command in it, as root
#   container_stop                   powers it off, and waits
# shellcheck shell=bash

# wait_for PID FILE CONDITION...: waits, woken by each new line, until `CONDITION... LINE` is true for
# one; false when the process ends or a minute has passed.
wait_for() {
    local pid=$1 file=$2 lines follower
    shift 2
    exec {lines}< <(exec tail -n +1 -F --pid="$pid" "$file" 2>/dev/null)
    follower=$!
    first_line "$lines" "$follower" "$@"
}

# first_line FD PID CONDITION...: the same for what another process writes; ends that.
first_line() {
    local lines=$1 follower=$2 line code=1 end=$((SECONDS + 60))
    shift 2
    while read -rt $((end - SECONDS > 0 ? end - SECONDS : 1)) -u "$lines" line; do
        if "$@" "$line"; then
            code=0
            break
        fi
        [ "$SECONDS" -lt "$end" ] || break
    done
    kill "$follower" 2>/dev/null || true
    exec {lines}<&-
    return "$code"
}
says() { [[ "$2" =~ $1 ]]; } # says REGEX LINE

container_start() {
    local image=$1 folder=$2 cgroup
    root=$folder/root
    mkdir -p "$root"
    tar --zstd -C "$root" -xf "$image" || return
    # The container's systemd needs cgroup v2, whatever the machine has.
    umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup || return
    cgroup=/sys/fs/cgroup/dts-container-$$
    mkdir -p "$cgroup" && echo $$ >"$cgroup/cgroup.procs" || return
    systemd-nspawn --quiet -D "$root" -M "dts-container-$$" --register=no --keep-unit --private-network \
        --resolv-conf=off --timezone=off --link-journal=no --console=read-only -b \
        >"$folder/console.log" 2>&1 </dev/null &
    nspawn=$!
    wait_for "$nspawn" "$folder/console.log" says 'Multi-User System|graphical.target' || {
        tail -n 30 "$folder/console.log"
        return 1
    }
    leader=$(pgrep -P "$nspawn" | head -n 1)
}

inside() {
    timeout 50 nsenter -t "$leader" -m -u -i -n -p -C -r -w env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}

container_stop() {
    [ -n "${nspawn:-}" ] || return 0
    kill -TERM "$nspawn" 2>/dev/null || true
    wait "$nspawn" 2>/dev/null || true
    nspawn=
    echo $$ >/sys/fs/cgroup/cgroup.procs 2>/dev/null || true
    rmdir "/sys/fs/cgroup/dts-container-$$" 2>/dev/null || true
}
