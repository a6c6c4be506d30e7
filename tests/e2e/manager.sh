#!/bin/bash
# A small service manager, manager.py, which starts, watches, kills and starts the
# daemon again, and keeps its descriptors meanwhile.
. "$(dirname "$0")/lib.sh"
e2e_begin python3 pgrep ip
export SPLITVIFD FRONT CTL WORK ENGINE="${ENGINE:-auto}"
exec python3 "$(dirname "$0")/manager.py"
