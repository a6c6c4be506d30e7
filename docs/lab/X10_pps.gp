# Draws X10_pps.svg and .png: gnuplot X10_pps.gp
rows = "X10.csv"
summary = "X10_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Frames a second between two VMs"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X10_pps.svg"
set xlabel "bytes of a frame"
set ylabel "frames a second"
set yrange [0:*]
most = 1
plot \
	summary using (column("vms") == 2 && column("rate") == 0 && strcol("way") eq "kernel bridge" && 1 ? column("frame_bytes") : NaN):(column("pps") / most):(column("pps_low") / most):(column("pps_high") / most) with yerrorlines title "way kernel bridge", \
	summary using (column("vms") == 2 && column("rate") == 0 && strcol("way") eq "our bridge" && 1 ? column("frame_bytes") : NaN):(column("pps") / most):(column("pps_low") / most):(column("pps_high") / most) with yerrorlines title "way our bridge", \
	summary using (column("vms") == 2 && column("rate") == 0 && strcol("way") eq "kernel router" && 1 ? column("frame_bytes") : NaN):(column("pps") / most):(column("pps_low") / most):(column("pps_high") / most) with yerrorlines title "way kernel router", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X10_pps.png"
replot
