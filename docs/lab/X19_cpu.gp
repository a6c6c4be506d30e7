# Draws X19_cpu.svg and .png: gnuplot X19_cpu.gp
rows = "X19.csv"
summary = "X19_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "The driver's CPU per frame, limit 64"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X19_cpu.svg"
set xlabel "frames in a burst"
set ylabel "ns a frame"
set logscale x
set yrange [0:*]
most = 1
plot \
	summary using (column("limit") == 64 && column("load") == 20 && 1 ? column("burst") : NaN):(column("poll_ns_per_frame") / most):(column("poll_ns_per_frame_low") / most):(column("poll_ns_per_frame_high") / most) with yerrorlines title "load 20", \
	summary using (column("limit") == 64 && column("load") == 60 && 1 ? column("burst") : NaN):(column("poll_ns_per_frame") / most):(column("poll_ns_per_frame_low") / most):(column("poll_ns_per_frame_high") / most) with yerrorlines title "load 60", \
	summary using (column("limit") == 64 && column("load") == 90 && 1 ? column("burst") : NaN):(column("poll_ns_per_frame") / most):(column("poll_ns_per_frame_low") / most):(column("poll_ns_per_frame_high") / most) with yerrorlines title "load 90", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X19_cpu.png"
replot
