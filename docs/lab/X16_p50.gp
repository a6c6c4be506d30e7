# Draws X16_p50.svg and .png: gnuplot X16_p50.gp
rows = "X16.csv"
summary = "X16_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Round trip to the host behind the device, 5000 a second and VM"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X16_p50.svg"
set xlabel "VMs that are busy, of 8"
set ylabel "median, us"
set yrange [0:*]
set boxwidth 0.16
place(x) = x == 1 ? 0 : x == 2 ? 1 : x == 4 ? 2 : x == 8 ? 3 : NaN
set xtics ("1" 0, "2" 1, "4" 2, "8" 3)
set xrange [-0.6:3.6]
most = 1
plot \
	summary using (column("rate") == 5000 && strcol("device") eq "private" && 1 ? place(column("vms")) + -0.10 : NaN):(column("p50_us_q1")):(column("p50_us_min")):(column("p50_us_max")):(column("p50_us_q3")) with candlesticks title "device private" whiskerbars, \
	summary using (column("rate") == 5000 && strcol("device") eq "private" && 1 ? place(column("vms")) + -0.10 : NaN):(column("p50_us")):(column("p50_us")):(column("p50_us")):(column("p50_us")) with candlesticks linetype -1 notitle, \
	summary using (column("rate") == 5000 && strcol("device") eq "shared" && 1 ? place(column("vms")) + 0.10 : NaN):(column("p50_us_q1")):(column("p50_us_min")):(column("p50_us_max")):(column("p50_us_q3")) with candlesticks title "device shared" whiskerbars, \
	summary using (column("rate") == 5000 && strcol("device") eq "shared" && 1 ? place(column("vms")) + 0.10 : NaN):(column("p50_us")):(column("p50_us")):(column("p50_us")):(column("p50_us")) with candlesticks linetype -1 notitle, \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X16_p50.png"
replot
