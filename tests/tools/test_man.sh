#!/bin/sh
# test_man.sh PAGE PROGRAM: the options that PROGRAM -h lists are those that its
# manual page explains, and the page has the sections that people look for.
set -eu

page=$1 program=$2 failed=0
options=$("$program" -h | grep -o -e '--[a-z][a-z-]*' | sort -u)
[ -n "$options" ] || { echo "FAILED: $program -h lists no option"; exit 1; }
for option in $options; do
	grep -q -e "^.*\*$option\*" "$page" || { echo "FAILED: $page: no $option"; failed=1; }
done
for option in $(sed -n '/^# OPTIONS/,/^# EXAMPLES/p' "$page" | grep -e '^\*-' | grep -o -e '--[a-z][a-z-]*' | sort -u); do
	echo "$options" | grep -q -x -e "$option" || { echo "FAILED: $program -h: no $option"; failed=1; }
done
for section in EXAMPLES 'EXIT STATUS' ENVIRONMENT FILES; do
	grep -q -x "# $section" "$page" || { echo "FAILED: $page: no section $section"; failed=1; }
done
exit "$failed"
