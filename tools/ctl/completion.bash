# Completion of splitvif(8) for bash.
_splitvif() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local i command=
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-t | --timeout | --rundir) ((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $before in
	--rundir) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
	-t | --timeout) return ;;
	esac
	case $command in
	'') set -- show list domain-suspend domain-resume domain-migrate network-list network-attach network-detach fdb ring stats ethtool doctor store \
		--json --pretty --timeout --rundir --quiet --verbose --version --help ;;
	fdb) set -- show stats br --json --pretty ;;
	store) set -- ls read write rm list exists chmod watch ;;
	ethtool) set -- -S -k -K -c -C --json --pretty ;;
	*) set -- --json --pretty ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$*" -- "$word")
}
complete -F _splitvif splitvif
