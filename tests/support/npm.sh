#!/bin/sh
# Fetches packages for a test's second opinion into FOLDER/npm, once: npm.sh FOLDER PACKAGE@VERSION ...
# Prints "skipped: ..." and exits 77 where they cannot be had.
set -eu
folder=$1/npm
shift
command -v node >/dev/null && command -v npm >/dev/null || { echo "skipped: node and npm are not here"; exit 77; }
mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9
for package in "$@"; do
  [ -d "$folder/node_modules/${package%@*}" ] && continue
  npm install --prefix "$folder" --no-audit --no-fund --silent --ignore-scripts "$package" >"$folder/log" 2>&1 ||
    { echo "skipped: npm cannot fetch $package"; exit 77; }
done
