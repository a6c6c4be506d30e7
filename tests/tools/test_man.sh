#!/bin/sh
# test_man.sh PAGE PROGRAM: the options that PROGRAM -h lists are those that its
# manual page explains, and the page has the sections that people look for.
set -eu

page=$1 program=$2 failed=0
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
options=$("$program" -h | grep -o -e '--[a-z][a-z-]*' | sort -u)
[ -n "$options" ] || { echo "FAILED: $program -h lists no option"; exit 1; }
for option in $options; do
	grep -q -e "^.*\*$option\*" "$page" || { echo "FAILED: $page: no $option"; failed=1; }
done
# Every paragraph "*-x*, *--long*" must be in -h by one of its names.
sed -n '/^# OPTIONS/,/^# EXAMPLES/p' "$page" | grep -e '^\*-' | tr ';' '\n' >"$lines" || true
while read -r line; do
	found=
	for option in $(echo "$line" | grep -o -e '\*--*[A-Za-z][a-z-]*' | tr -d '*'); do
		"$program" -h | grep -q -e "\(^\|[^a-z-]\)$option\([^a-z-]\|\$\)" && found=1
	done
	[ -n "$found" ] || { echo "FAILED: $program -h: nothing of $line"; failed=1; }
done <"$lines"
for section in EXAMPLES 'EXIT STATUS' ENVIRONMENT FILES; do
	grep -q -x "# $section" "$page" || { echo "FAILED: $page: no section $section"; failed=1; }
done
exit "$failed"
