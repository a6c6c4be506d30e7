# Draws X20_p99.svg and .png: gnuplot X20_p99.gp
rows = "X20.csv"
summary = "X20_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Latency, ring of 256"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X20_p99.svg"
set xlabel "frames in the queue"
set ylabel "p99, us"
set logscale y
set boxwidth 0.16
place(x) = x == 16 ? 0 : x == 64 ? 1 : x == 256 ? 2 : x == 1024 ? 3 : x == 4096 ? 4 : NaN
set xtics ("16" 0, "64" 1, "256" 2, "1024" 3, "4096" 4)
set xrange [-0.6:4.6]
most = 1
plot \
	summary using (column("ring_frames") == 256 && column("load") == 80 && 1 ? place(column("queue_frames")) + -0.10 : NaN):(column("p99_us_q1")):(column("p99_us_min")):(column("p99_us_max")):(column("p99_us_q3")) with candlesticks title "load 80" whiskerbars, \
	summary using (column("ring_frames") == 256 && column("load") == 80 && 1 ? place(column("queue_frames")) + -0.10 : NaN):(column("p99_us")):(column("p99_us")):(column("p99_us")):(column("p99_us")) with candlesticks linetype -1 notitle, \
	summary using (column("ring_frames") == 256 && column("load") == 250 && 1 ? place(column("queue_frames")) + 0.10 : NaN):(column("p99_us_q1")):(column("p99_us_min")):(column("p99_us_max")):(column("p99_us_q3")) with candlesticks title "load 250" whiskerbars, \
	summary using (column("ring_frames") == 256 && column("load") == 250 && 1 ? place(column("queue_frames")) + 0.10 : NaN):(column("p99_us")):(column("p99_us")):(column("p99_us")):(column("p99_us")) with candlesticks linetype -1 notitle, \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X20_p99.png"
replot
