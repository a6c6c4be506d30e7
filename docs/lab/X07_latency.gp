# Draws X07_latency.svg and .png: gnuplot X07_latency.gp
rows = "X07.csv"
summary = "X07_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Median latency"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X07_latency.svg"
set xlabel "offered load, % of capacity"
set ylabel "us"
set logscale y
most = 1
plot \
	summary using (column("spin_us") == 0 && strcol("copier") eq "backend" && column("awake") == 0 && strcol("placement") eq "shared" && strcol("mode") eq "irq" && 1 ? column("load") : NaN):(column("p50_us") / most):(column("p50_us_low") / most):(column("p50_us_high") / most) with yerrorlines title "mode irq", \
	summary using (column("spin_us") == 0 && strcol("copier") eq "backend" && column("awake") == 0 && strcol("placement") eq "shared" && strcol("mode") eq "napi" && 1 ? column("load") : NaN):(column("p50_us") / most):(column("p50_us_low") / most):(column("p50_us_high") / most) with yerrorlines title "mode napi", \
	summary using (column("spin_us") == 0 && strcol("copier") eq "backend" && column("awake") == 0 && strcol("placement") eq "shared" && strcol("mode") eq "poll" && 1 ? column("load") : NaN):(column("p50_us") / most):(column("p50_us_low") / most):(column("p50_us_high") / most) with yerrorlines title "mode poll", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X07_latency.png"
replot
