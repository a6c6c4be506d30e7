# Draws X14_pps.svg and .png: gnuplot X14_pps.gp
rows = "X14.csv"
summary = "X14_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Frames a second in all"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X14_pps.svg"
set xlabel "VMs"
set ylabel "frames a second"
set logscale x
set yrange [0:*]
most = 1
plot \
	summary using (column("frame_bytes") == 64 && strcol("load") eq "unpaced" && 1 ? column("vms") : NaN):(column("pps") / most):(column("pps_low") / most):(column("pps_high") / most) with yerrorlines title "load unpaced", \
	summary using (column("frame_bytes") == 64 && strcol("load") eq "200000 in all" && 1 ? column("vms") : NaN):(column("pps") / most):(column("pps_low") / most):(column("pps_high") / most) with yerrorlines title "load 200000 in all", \
	summary using (column("frame_bytes") == 64 && strcol("load") eq "5000 each" && 1 ? column("vms") : NaN):(column("pps") / most):(column("pps_low") / most):(column("pps_high") / most) with yerrorlines title "load 5000 each", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X14_pps.png"
replot
