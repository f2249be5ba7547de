#!/bin/sh
# The image of PostgreSQL runs this at its first start, in /docker-entrypoint-initdb.d.
set -eu
{
    printf '\\set owner_password %s\n' "$(cat /run/secrets/owner-password)"
    cat /opt/postgresql.sql
} | psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres
