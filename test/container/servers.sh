# Two MariaDB servers of this machine in the container's network, for the tests of this folder. Their
# files are outside of the container; `sql SERVER STATEMENTS` speaks to them by their sockets.
# shellcheck shell=bash

server_pids=()

# servers_prepare FOLDER: the files of "source" and "target".
servers_prepare() {
    servers=$1
    mkdir -p "$servers"
    mariadb-install-db --no-defaults --user=root --force --auth-root-authentication-method=normal \
        --skip-test-db --skip-name-resolve --innodb-log-file-size=16M --datadir="$servers/source" \
        >"$servers/install.log" 2>&1 || return
    cp -a "$servers/source" "$servers/target"
}

# servers_start LEADER: in the network of that process; returns when both listen.
servers_start() {
    local server port=13306
    cat >"$servers/accounts.sql" <<-SQL
		SET sql_log_bin=0;
		CREATE USER IF NOT EXISTS dts@'127.0.0.1' IDENTIFIED BY 'secret';
		GRANT ALL ON *.* TO dts@'127.0.0.1';
	SQL
    for server in source target; do
        nsenter -t "$1" -n mariadbd --no-defaults --user=root --datadir="$servers/$server" --port=$port \
            --bind-address=127.0.0.1 --socket="$servers/$server.socket" --pid-file="$servers/$server.pid" \
            --init-file="$servers/accounts.sql" --skip-name-resolve --server-id=$port --log-bin=mysql-bin \
            --binlog-format=ROW --gtid-strict-mode=1 --innodb-log-file-size=16M --innodb-buffer-pool-size=32M \
            --innodb-flush-log-at-trx-commit=2 --character-set-server=utf8mb4 \
            >"$servers/$server.log" 2>&1 </dev/null &
        server_pids+=($!)
        port=$((port + 1))
    done
    for server in source target; do
        wait_for "${server_pids[-1]}" "$servers/$server.log" says 'ready for connections' || {
            tail -n 20 "$servers/$server.log"
            return 1
        }
    done
}

servers_stop() {
    local pid
    for pid in "${server_pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    for pid in "${server_pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    server_pids=()
}

sql() {
    mariadb --no-defaults --socket="$servers/$1.socket" -uroot --batch --skip-column-names -e "$2"
}
