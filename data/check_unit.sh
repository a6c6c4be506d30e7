#!/bin/sh
# check_unit.sh UNIT: systemd understands every line of it, and finds it well
# confined. The program and the user need not be there.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sed 's,^ExecStart=.*,ExecStart=/bin/true,' "$1" >"$dir/splitvifd.service"
said=$(systemd-analyze verify --man=no "$dir/splitvifd.service" 2>&1) || true
said=$(echo "$said" | grep "splitvifd.service" || true)
[ -z "$said" ] || { echo "FAILED: $said"; exit 1; }
systemd-analyze security --offline=true --threshold=30 "$dir/splitvifd.service" >"$dir/said" ||
	{ echo "FAILED: it is open:"; cat "$dir/said"; exit 1; }
tail -n 1 "$dir/said"
