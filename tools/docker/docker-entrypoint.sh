#!/bin/sh
# Starts a server from the environment variables and the command, as the official images of PostgreSQL do: the part of
# their behaviour that examples/docker relies on.
set -eu

export PGDATA="${PGDATA:-/var/lib/postgresql/data}"

if [ "${1:-}" = "" ] || [ "${1#-}" != "$1" ]; then
    set -- postgres "$@"
fi

if [ "$1" = postgres ] && [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chown -R postgres "$PGDATA" /var/run/postgresql
    # Where libpq looks for certificates, which root's home does not let it do.
    export HOME=/var/lib/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    : "${POSTGRES_PASSWORD:?give the superuser a password: POSTGRES_PASSWORD}"
    chmod 700 "$PGDATA"
    password_file="$(mktemp)"
    printf '%s\n' "$POSTGRES_PASSWORD" > "$password_file"
    # shellcheck disable=SC2086 # several options in one variable, as the official images have it
    initdb --username=postgres --pwfile="$password_file" ${POSTGRES_INITDB_ARGS:-}
    rm "$password_file"
    printf 'host all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
    # Reached by the socket only, for as long as the set-up takes.
    export PGPASSWORD="$POSTGRES_PASSWORD"
    pg_ctl -w start -o "-c listen_addresses=''"
    if [ "${POSTGRES_DB:-postgres}" != postgres ]; then
        createdb -U postgres "$POSTGRES_DB"
    fi
    for script in /docker-entrypoint-initdb.d/*.sh; do
        if [ -e "$script" ]; then sh "$script"; fi
    done
    pg_ctl -m fast -w stop
    unset PGPASSWORD
fi

exec "$@"
