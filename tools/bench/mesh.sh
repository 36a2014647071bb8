#!/bin/sh
# Sixteen clients in one call on this machine.
set -eu
exec cargo bench --locked -p orrery-tests --bench mesh
