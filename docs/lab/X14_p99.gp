# Draws X14_p99.svg and .png: gnuplot X14_p99.gp
rows = "X14.csv"
summary = "X14_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Latency of the slowest hundredth"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X14_p99.svg"
set xlabel "VMs"
set ylabel "us"
set logscale y
set boxwidth 0.16
place(x) = x == 2 ? 0 : x == 4 ? 1 : x == 8 ? 2 : x == 16 ? 3 : x == 32 ? 4 : x == 64 ? 5 : NaN
set xtics ("2" 0, "4" 1, "8" 2, "16" 3, "32" 4, "64" 5)
set xrange [-0.6:5.6]
most = 1
plot \
	summary using (column("frame_bytes") == 64 && strcol("load") eq "unpaced" && 1 ? place(column("vms")) + -0.20 : NaN):(column("p99_us_q1")):(column("p99_us_min")):(column("p99_us_max")):(column("p99_us_q3")) with candlesticks title "load unpaced" whiskerbars, \
	summary using (column("frame_bytes") == 64 && strcol("load") eq "unpaced" && 1 ? place(column("vms")) + -0.20 : NaN):(column("p99_us")):(column("p99_us")):(column("p99_us")):(column("p99_us")) with candlesticks linetype -1 notitle, \
	summary using (column("frame_bytes") == 64 && strcol("load") eq "200000 in all" && 1 ? place(column("vms")) + 0.00 : NaN):(column("p99_us_q1")):(column("p99_us_min")):(column("p99_us_max")):(column("p99_us_q3")) with candlesticks title "load 200000 in all" whiskerbars, \
	summary using (column("frame_bytes") == 64 && strcol("load") eq "200000 in all" && 1 ? place(column("vms")) + 0.00 : NaN):(column("p99_us")):(column("p99_us")):(column("p99_us")):(column("p99_us")) with candlesticks linetype -1 notitle, \
	summary using (column("frame_bytes") == 64 && strcol("load") eq "5000 each" && 1 ? place(column("vms")) + 0.20 : NaN):(column("p99_us_q1")):(column("p99_us_min")):(column("p99_us_max")):(column("p99_us_q3")) with candlesticks title "load 5000 each" whiskerbars, \
	summary using (column("frame_bytes") == 64 && strcol("load") eq "5000 each" && 1 ? place(column("vms")) + 0.20 : NaN):(column("p99_us")):(column("p99_us")):(column("p99_us")):(column("p99_us")) with candlesticks linetype -1 notitle, \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X14_p99.png"
replot
