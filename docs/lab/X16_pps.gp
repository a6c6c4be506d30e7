# Draws X16_pps.svg and .png: gnuplot X16_pps.gp
rows = "X16.csv"
summary = "X16_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Echoes a second, as many as go through"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X16_pps.svg"
set xlabel "VMs that are busy, of 8"
set ylabel "echoes a second"
set yrange [0:*]
most = 1
plot \
	summary using (column("rate") == 0 && strcol("device") eq "private" && 1 ? column("vms") : NaN):(column("pps") / most):(column("pps_low") / most):(column("pps_high") / most) with yerrorlines title "device private", \
	summary using (column("rate") == 0 && strcol("device") eq "shared" && 1 ? column("vms") : NaN):(column("pps") / most):(column("pps_low") / most):(column("pps_high") / most) with yerrorlines title "device shared", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X16_pps.png"
replot
