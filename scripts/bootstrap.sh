#!/bin/sh
# Installs what package-lock.json names, if that has not been done for this very lock file yet.
set -eu
cd "$(dirname "$0")/.."
stamp=node_modules/.stamp
wanted=$(cksum < package-lock.json)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi
echo 'crispin: installing dependencies (once, about half a minute)' >&2
npm ci --ignore-scripts --loglevel=error --no-audit --no-fund >&2
printf '%s' "$wanted" > "$stamp"
