# gnuplot -c docs/benchmarks/plot.gnuplot MODE: draws MODE.svg from MODE.tsv, both
# beside this script, as tools/compare --record does.
#
# A box a peer: from quartile to quartile, with the median in it; a dot a run. Its
# shade says how far apart the two CPUs were then.
here = ARG0[:strlen(ARG0) - strlen("plot.gnuplot")]
data = here . ARG1 . ".tsv"
set datafile separator "\t"
loads = system("awk -F '\\t' 'NR > 1 && !seen[$2]++ { print $2 }' " . data)
peers_of(load) = system(sprintf("awk -F '\\t' '$2 == \"%s\" && !seen[$3]++ { print $3 }' %s", load, data))
figure = system("head -n 1 " . data . " | cut -f 5")
is(load, peer) = strcol(2) eq load && strcol(3) eq peer

set terminal svg size 900, 60 + 250 * words(loads) background "white" font "sans,12"
set output here . ARG1 . ".svg"
set multiplot layout words(loads), 1
set style fill transparent solid 0.25
set style boxplot nooutliers range 0
set boxwidth 0.5
set yrange [0:*]
set grid ytics
set ylabel figure
unset key
set cblabel "CPUs apart, ns"
set palette defined (0 "#2c7bb6", 1 "#d7191c")
do for [load in loads] {
	set title load
	peers = peers_of(load)
	nr_peers = words(peers)
	set xrange [0.5:nr_peers + 0.5]
	set xtics nomirror ("" 0)
	set for [i = 1:nr_peers] xtics add (word(peers, i) i)
	plot for [i = 1:nr_peers] data skip 1 using (is(load, word(peers, i)) ? i : NaN):5 with boxplot lc "#555555", \
		for [i = 1:nr_peers] data skip 1 using (is(load, word(peers, i)) ? i + (rand(0) - 0.5) / 5 : NaN):5:4 with points pt 7 ps 0.5 lc palette
}
unset multiplot
