# Draws X09_kicks.svg and .png: gnuplot X09_kicks.gp
rows = "X09.csv"
summary = "X09_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Events a frame"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X09_kicks.svg"
set xlabel "consumer's cost of a frame, % of the producer's"
set ylabel "events"
set logscale x
set yrange [0:*]
most = 1
plot \
	summary using (strcol("notify") eq "every" && 1 ? column("consumer_percent") : NaN):(column("kicks_per_frame") / most):(column("kicks_per_frame_low") / most):(column("kicks_per_frame_high") / most) with yerrorlines title "notify every", \
	summary using (strcol("notify") eq "index" && 1 ? column("consumer_percent") : NaN):(column("kicks_per_frame") / most):(column("kicks_per_frame_low") / most):(column("kicks_per_frame_high") / most) with yerrorlines title "notify index", \
	summary using (strcol("notify") eq "batched" && 1 ? column("consumer_percent") : NaN):(column("kicks_per_frame") / most):(column("kicks_per_frame_low") / most):(column("kicks_per_frame_high") / most) with yerrorlines title "notify batched", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X09_kicks.png"
replot
