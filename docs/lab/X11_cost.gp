# Draws X11_cost.svg and .png: gnuplot X11_cost.gp
rows = "X11.csv"
summary = "X11_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Time for one frame"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X11_cost.svg"
set xlabel "bytes"
set ylabel "ns"
set logscale x
set logscale y
most = 1
plot \
	summary using (strcol("way") eq "copy" && 1 ? column("frame_bytes") : NaN):(column("ns_per_frame") / most):(column("ns_per_frame_low") / most):(column("ns_per_frame_high") / most) with yerrorlines title "way copy", \
	summary using (strcol("way") eq "persistent" && 1 ? column("frame_bytes") : NaN):(column("ns_per_frame") / most):(column("ns_per_frame_low") / most):(column("ns_per_frame_high") / most) with yerrorlines title "way persistent", \
	summary using (strcol("way") eq "map" && 1 ? column("frame_bytes") : NaN):(column("ns_per_frame") / most):(column("ns_per_frame_low") / most):(column("ns_per_frame_high") / most) with yerrorlines title "way map", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X11_cost.png"
replot
