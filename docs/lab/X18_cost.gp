# Draws X18_cost.svg and .png: gnuplot X18_cost.gp
rows = "X18.csv"
summary = "X18_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "The cost of the trace (99th percentile)"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X18_cost.svg"
set xlabel "rx-usecs (adaptive: at 0)"
set ylabel "us"
set yrange [0:*]
most = 1
plot \
	summary using (column("adaptive_rx") == 1 && 1 ? column("rx_usecs") : NaN):(column("cost_p99") / most):(column("cost_p99_low") / most):(column("cost_p99_high") / most) with yerrorlines title "adaptive_rx 1", \
	summary using (column("adaptive_rx") == 0 && 1 ? column("rx_usecs") : NaN):(column("cost_p99") / most):(column("cost_p99_low") / most):(column("cost_p99_high") / most) with yerrorlines title "adaptive_rx 0", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X18_cost.png"
replot
