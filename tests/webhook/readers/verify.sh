#!/bin/sh
# verify.sh SOURCE_DIR BINARY_DIR
set -eu
"$1/tests/support/npm.sh" "$2" standardwebhooks@1.0.0 cloudevents@8.0.3 || exit $?
exec node "$1/tests/webhook/readers/verify.mjs" "$2/npm/node_modules" "$2/bin/signed_samples"
