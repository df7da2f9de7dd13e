# The test cases of test/container/run. Each runs in a subshell with `set -e`; what it prints is shown
# when it fails.
# shellcheck shell=bash

logs=/var/log/dts

fail() {
    echo "$*"
    return 1
}
same() { # same WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}
property() { inside systemctl show -P "$2" "dts@$1"; }
pid_of() { property "$1" MainPID; }

# mark; ...; await UNIT PATTERN: waits for a line of the journal that came after the mark.
mark() { marked=$EPOCHREALTIME; }
await() {
    local lines
    exec {lines}< <(exec nsenter -t "$leader" -m -u -i -n -p -C -r -w \
        journalctl -q -f --no-tail -o cat --since="@$marked" -u "$1" 2>/dev/null)
    first_line "$lines" $! says "$2" || fail "$1 did not say '$2'"
}

write_ini() { # write_ini NAME SERVER-ID DATABASE
    cat >"$root/etc/dts/tasks.d/.$1.new" <<-INI
		[extractor]
		db_type=mysql
		extract_type=cdc
		url=mysql://dts@127.0.0.1:13306
		password_file=\${CREDENTIALS_DIRECTORY}/dts_servers
		server_id=$2

		[sinker]
		db_type=mysql
		sink_type=write
		url=mysql://dts:secret@127.0.0.1:13307

		[filter]
		do_dbs=$3
		do_events=insert,update,delete

		[pipeline]
		checkpoint_interval_secs=1
	INI
    chmod 640 "$root/etc/dts/tasks.d/.$1.new"
    inside chgrp dts "/etc/dts/tasks.d/.$1.new"
    mv "$root/etc/dts/tasks.d/.$1.new" "$root/etc/dts/tasks.d/$1.ini"
}

# caught_up TASK: waits until a checkpoint at the source's present end is recorded.
caught_up() {
    local file offset
    read -r file offset _ < <(sql source "SHOW MASTER STATUS")
    wait_for "$nspawn" "$root$logs/$1/position.log" is_checkpoint_at "$file" "$offset" ||
        fail "$1 did not catch up with $file:$offset: $(tail -n 1 "$root$logs/$1/position.log")"
}
is_checkpoint_at() {
    [[ "$3" =~ checkpoint_position.*\"binlog_filename\":\"([^\"]*)\",\"next_event_position\":([0-9]+) ]] || return
    [[ "${BASH_REMATCH[1]}" > "$1" ]] || [[ "${BASH_REMATCH[1]}" = "$1" && "${BASH_REMATCH[2]}" -ge "$2" ]]
}
equal() { # equal TABLE: both servers hold the same
    local here there
    here=$(sql source "CHECKSUM TABLE $1 EXTENDED; SELECT COUNT(*) FROM $1")
    there=$(sql target "CHECKSUM TABLE $1 EXTENDED; SELECT COUNT(*) FROM $1")
    same "$1 on the target" "$here" "$there"
}
load() { # load TABLE FIRST LAST
    seq "$2" "$3" | awk -v table="$1" '{
        printf "INSERT INTO %s VALUES (%d, \"text %d\");\n", table, $1, $1
        if ($1 % 3 == 0) printf "UPDATE %s SET text = \"changed\" WHERE id = %d;\n", table, $1 - 1
        if ($1 % 7 == 0) printf "DELETE FROM %s WHERE id = %d;\n", table, $1 - 3
    }' | mariadb --no-defaults --socket="$servers/source.socket" -uroot
}

step_install() {
    cp "$deb" "$root/var/tmp/dts.deb"
    inside dpkg -i /var/tmp/dts.deb
    same "dtsd" active "$(inside systemctl is-active dtsd)"
    same "tasks.d" "root dts 2750" "$(inside stat -c '%U %G %a' /etc/dts/tasks.d)"
    same "dts.conf" "root dts 640" "$(inside stat -c '%U %G %a' /etc/dts/dts.conf)"
    same "credentials" "root root 700" "$(inside stat -c '%U %G %a' /etc/dts/credentials)"
    same "/var/log/dts" "dts dts 755" "$(inside stat -c '%U %G %a' /var/log/dts)"
    inside man -w dts dtsd dts-worker dtsctl dts-task.ini
}

step_verify() {
    local said
    # The manual pages are looked up by a `man` that has to be there.
    said=$(inside systemd-analyze verify --recursive-errors=yes dts@x.service dtsd.service 2>&1)
    same "systemd-analyze verify" "" "$said"
}

step_security() {
    inside systemd-analyze security --no-pager --threshold=20 dts@x.service | tail -n 1
    inside systemd-analyze security --no-pager --threshold=20 dtsd.service | tail -n 1
}

step_start() {
    inside systemctl stop dtsd
    printf secret >"$root/etc/dts/credentials/servers"
    for database in one two; do
        sql source "CREATE DATABASE $database; CREATE TABLE $database.t (id INT PRIMARY KEY, text VARCHAR(40))"
        sql target "CREATE DATABASE $database; CREATE TABLE $database.t (id INT PRIMARY KEY, text VARCHAR(40))"
    done
    write_ini task1 2001 one
    write_ini task2 2002 two
    inside systemctl start dts@task1
    load one.t 1 200
    caught_up task1
    equal one.t
    same "the log folder" "dts dts 750" "$(inside stat -c '%U %G %a' $logs/task1)"
    same "position.log" "dts dts 640" "$(inside stat -c '%U %G %a' $logs/task1/position.log)"
    same "task2, which nobody started" inactive "$(property task2 ActiveState)"
}

step_adopt() {
    local before
    before=$(pid_of task1)
    mark
    inside systemctl start dtsd
    # It starts what is wanted and does not run yet, and leaves alone what runs.
    await dts@task2.service '^Started '
    same "the worker's pid" "$before" "$(pid_of task1)"
    inside dtsctl list
    inside dtsctl list --json | grep '"name":"task1"' >/dev/null
}

completes() { # completes WORDS...: what bash offers for the last of them
    # shellcheck disable=SC2016  # for the shell in the container
    inside bash -c '. /usr/share/bash-completion/completions/dtsctl
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _dtsctl
        echo "${COMPREPLY[*]}"' bash "$@"
}
step_completion() {
    same "commands" "status start stop" "$(completes dtsctl st)"
    same "tasks" "task1 task2" "$(completes dtsctl status '')"
    same "options" "--follow" "$(completes dtsctl logs --f)"
    same "tasks behind an option" "task1 task2" "$(completes dtsctl --run-dir /run/dtsd stop task)"
    same "nothing" "" "$(completes dtsctl list t)"
}

step_status() {
    local line
    line=$(property task1 StatusText)
    echo "$line"
    [[ "$line" =~ mysql-bin\.[0-9]+:[0-9]+ && "$line" == *lag* && "$line" == *changes/s* ]] ||
        fail "the status line is '$line'"
    inside systemctl status dts@task1 --no-pager | grep 'Status: ".*lag' >/dev/null
}

step_kill() {
    local before
    before=$(pid_of task1)
    load one.t 1001 1500 &
    local loader=$!
    mark
    inside systemctl kill -s KILL --kill-whom=main dts@task1
    await dts@task1.service '^Started '
    wait "$loader"
    [ "$(pid_of task1)" != "$before" ] || fail "the worker has the same pid"
    same "restarts" 1 "$(property task1 NRestarts)"
    grep -c 'resume from: {' "$root$logs/task1/default.log"
    caught_up task1
    equal one.t
}

step_watchdog() {
    mkdir -p "$root/run/systemd/system/dts@task1.service.d"
    inside sh -c "mkdir -p /run/systemd/system/dts@task1.service.d
        printf '[Service]\nWatchdogSec=2s\nTimeoutAbortSec=1s\nRestartSec=100ms\n' >/run/systemd/system/dts@task1.service.d/quick.conf"
    inside systemctl daemon-reload
    inside systemctl restart dts@task1
    mark
    inside systemctl kill -s STOP --kill-whom=main dts@task1
    load one.t 2001 2100
    await dts@task1.service 'Watchdog timeout'
    await dts@task1.service '^Started '
    caught_up task1
    equal one.t
    await dtsd.service 'did not answer and was killed'
}

step_bad_ini() {
    local others
    others="$(pid_of task1) $(pid_of task2)"
    mark
    printf '[extractor]\ndb_type=mysql\nextract_typo=cdc\n' >"$root/etc/dts/tasks.d/.bad.new"
    inside chgrp dts /etc/dts/tasks.d/.bad.new
    mv "$root/etc/dts/tasks.d/.bad.new" "$root/etc/dts/tasks.d/bad.ini"
    await dtsd.service 'extract_typo'
    ! inside systemctl start dts@bad || fail "a bad ini was started"
    same "exit code" 78 "$(property bad ExecMainStatus)"
    same "state" failed "$(property bad ActiveState)"
    same "restarts" 0 "$(property bad NRestarts)"
    inside dtsctl list
    inside dtsctl list | grep extract_typo >/dev/null
    same "the others" "$others" "$(pid_of task1) $(pid_of task2)"
    rm "$root/etc/dts/tasks.d/bad.ini"
    inside systemctl reset-failed dts@bad
}

step_quick_start() {
    local task
    # dtsd hears of the unit from the bus, and of the ini from the folder: in any order.
    for task in quick1 quick2 quick3; do
        write_ini $task "$((3000 + ${task#quick}))" one
        sed -i 's/^sink_type=.*/sink_type=dummy/' "$root/etc/dts/tasks.d/$task.ini"
        inside systemctl start dts@$task
        same $task active "$(property $task ActiveState)"
    done
    mark
    rm "$root"/etc/dts/tasks.d/quick?.ini
    await dts@quick3.service '^Stopped '
}

step_gap() {
    local last
    load two.t 1 50
    caught_up task2
    inside dtsctl stop task2
    same "task2" inactive "$(property task2 ActiveState)"
    load two.t 51 60
    sql source "FLUSH BINARY LOGS"
    # task1 must have left the file before it can be purged.
    caught_up task1
    read -r last _ < <(sql source "SHOW MASTER STATUS")
    # The server keeps a file that one of its threads still reads, for a worker that has gone, say.
    for _ in {1..50}; do
        sql source "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE command LIKE 'Binlog%'" |
            mariadb --no-defaults --socket="$servers/source.socket" -uroot --force 2>/dev/null || true
        sql source "DO SLEEP(0.1); PURGE BINARY LOGS TO '$last'"
        [ "$(sql source "SHOW BINARY LOGS" | head -n 1 | cut -f 1)" != "$last" ] || break
    done
    same "the source's oldest file" "$last" "$(sql source "SHOW BINARY LOGS" | head -n 1 | cut -f 1)"
    mark
    ! inside dtsctl start task2 || fail "the start of a task with a gap has succeeded"
    same "exit code" 66 "$(property task2 ExecMainStatus)"
    same "state" failed "$(property task2 ActiveState)"
    same "restarts" 0 "$(property task2 NRestarts)"
    await dtsd.service 'gap'
    inside dtsctl list
    inside dtsctl list | grep task2 | grep gap >/dev/null
    { inside dtsctl status task2 || same 'its code' 1 $?; } | grep 'exit code 66'
    inside journalctl -q -x --no-pager MESSAGE_ID=2659b1952b994ed0863efa4feff3ef70 |
        grep 'no longer holds what it needs'
}

step_restart_dtsd() {
    local before
    before=$(pid_of task1)
    load one.t 3001 4000 &
    inside systemctl restart dtsd
    inside systemctl restart dtsd
    wait $!
    same "the worker's pid" "$before" "$(pid_of task1)"
    caught_up task1
    equal one.t
    inside dtsctl list | grep task1
}

call_bus() { # call_bus USER METHOD ARGS...
    local user=$1
    shift
    inside runuser -u "$user" -- busctl --allow-interactive-authorization=no call org.dts.Manager1 /org/dts/Manager1 \
        org.dts.Manager1 "$@"
}
step_bus() {
    local said before
    said=$(call_bus nobody ListTasks)
    echo "$said"
    [[ "$said" == *'"task1"'* && "$said" == *'"gap"'* ]] || fail "ListTasks says $said"
    call_bus nobody GetTask s task1 | grep Checkpoint >/dev/null
    same "Backend" 's "systemd"' "$(inside runuser -u nobody -- busctl get-property org.dts.Manager1 /org/dts/Manager1 org.dts.Manager1 Backend)"
    before=$(pid_of task1)
    ! said=$(call_bus nobody StopTask s task1 2>&1) || fail "nobody has stopped a task"
    echo "$said"
    same "the worker's pid" "$before" "$(pid_of task1)"
    inside useradd -M -G dts anna
    call_bus anna RestartTask s task1
    [ "$(pid_of task1)" != "$before" ] || fail "the group dts could not restart a task"
    ! call_bus root StopTask s none || fail "a task that is not there was stopped"
}

step_polkit() {
    inside runuser -u dts -- systemctl --no-ask-password restart dts@task1
    ! inside runuser -u dts -- systemctl --no-ask-password stop dbus.socket || fail "dts may stop dbus"
    ! inside runuser -u dts -- systemctl --no-ask-password mask dts@task1 || fail "dts may mask units"
    ! inside runuser -u nobody -- systemctl --no-ask-password stop dts@task1 || fail "nobody may stop tasks"
    same "task1" active "$(property task1 ActiveState)"
}

step_credentials() {
    sed -i 's|^url=mysql://dts@|url=mysql://dts:secret@|; /^password_file/d' "$root/etc/dts/tasks.d/task1.ini"
    mv "$root/etc/dts/credentials" "$root/etc/dts/credentials.away"
    inside systemctl restart dts@task1
    same "task1" active "$(property task1 ActiveState)"
    mv "$root/etc/dts/credentials.away" "$root/etc/dts/credentials"
    load one.t 5001 5010
    caught_up task1
    equal one.t
}

step_logrotate() {
    local positions
    positions=$(inside stat -c %i $logs/task1/position.log)
    inside logrotate -f /etc/logrotate.d/dts
    inside test -e $logs/task1/default.log.1
    wait_for "$nspawn" "$root$logs/task1/monitor.log" says lag_seconds || fail "monitor.log was not made anew"
    same "position.log" "$positions" "$(inside stat -c %i $logs/task1/position.log)"
    same "monitor.log" "dts dts 640" "$(inside stat -c '%U %G %a' $logs/task1/monitor.log)"
    inside systemctl restart dts@task1
    grep -q 'resume from' "$root$logs/task1/default.log"
}

step_upgrade() {
    local before said
    before=$(pid_of task1)
    dpkg-deb -R "$deb" "$folder/newer"
    sed -i 's/^Version: .*/&+1/' "$folder/newer/DEBIAN/control"
    dpkg-deb --root-owner-group -Zgzip -z1 -b "$folder/newer" "$root/var/tmp/newer.deb"
    said=$(inside dpkg -i /var/tmp/newer.deb 2>&1)
    echo "$said"
    [[ "$said" == *"1 running task(s) go on"* ]] || fail "the upgrade does not tell of running tasks"
    same "the worker's pid" "$before" "$(pid_of task1)"
    same "dtsd" active "$(inside systemctl is-active dtsd)"
    load one.t 6001 6010
    caught_up task1
    equal one.t
}

step_remove() {
    inside dpkg -r dts
    same "task1" inactive "$(property task1 ActiveState)"
    inside test -s $logs/task1/position.log
    same "a worker" "" "$(inside pgrep -u dts || true)"
    inside test -e /etc/dts/dts.conf
}

step_purge() {
    inside dpkg -P dts
    ! inside test -e $logs || fail "$logs is there"
    ! inside test -e /var/lib/dts || fail "/var/lib/dts is there"
    ! inside test -e /etc/dts/dts.conf || fail "dts.conf is there"
    inside test -s /etc/dts/tasks.d/task1.ini
    inside test -s /etc/dts/credentials/servers
    same "units" "" "$(inside systemctl list-unit-files --no-legend 'dts*')"
}
