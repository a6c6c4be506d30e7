# Draws X08_rate.svg and .png: gnuplot X08_rate.gp
rows = "X08.csv"
summary = "X08_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "One TCP connection between two VMs"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X08_rate.svg"
set xlabel "MTU"
set ylabel "Gbit/s"
set logscale x
set yrange [0:*]
most = 1
plot \
	summary using (column("device_mtu") == 0 && strcol("merging") eq "off" && 1 ? column("mtu") : NaN):(column("gbits_per_s") / most):(column("gbits_per_s_low") / most):(column("gbits_per_s_high") / most) with yerrorlines title "merging off", \
	summary using (column("device_mtu") == 0 && strcol("merging") eq "GSO" && 1 ? column("mtu") : NaN):(column("gbits_per_s") / most):(column("gbits_per_s_low") / most):(column("gbits_per_s_high") / most) with yerrorlines title "merging GSO", \
	summary using (column("device_mtu") == 0 && strcol("merging") eq "GRO" && 1 ? column("mtu") : NaN):(column("gbits_per_s") / most):(column("gbits_per_s_low") / most):(column("gbits_per_s_high") / most) with yerrorlines title "merging GRO", \
	summary using (column("device_mtu") == 0 && strcol("merging") eq "both" && 1 ? column("mtu") : NaN):(column("gbits_per_s") / most):(column("gbits_per_s_low") / most):(column("gbits_per_s_high") / most) with yerrorlines title "merging both", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X08_rate.png"
replot
