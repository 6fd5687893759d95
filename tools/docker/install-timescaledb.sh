#!/bin/sh
# The official images of TimescaleDB install the extension into both databases that every server has, and so into every
# database that is made from template1.
set -eu
for database in postgres template1; do
    psql -U postgres -d "$database" -c "CREATE EXTENSION IF NOT EXISTS timescaledb"
done
