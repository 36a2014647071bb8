#!/bin/sh
# A conversation of a million messages: unlocking, opening, paging, searching.
set -eu
exec cargo bench --locked -p orrery-worker --bench history
