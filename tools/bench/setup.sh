#!/bin/sh
# A call on this machine: from accept to sound both ways.
set -eu
exec cargo bench --locked -p orrery-worker --bench setup
