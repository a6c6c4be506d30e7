# Draws X07_cpu.svg and .png: gnuplot X07_cpu.gp
rows = "X07.csv"
summary = "X07_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "The guest's CPU"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X07_cpu.svg"
set xlabel "offered load, % of capacity"
set ylabel "% of a processor"
set yrange [0:*]
most = 1
plot \
	summary using (column("spin_us") == 0 && strcol("copier") eq "backend" && column("awake") == 0 && strcol("placement") eq "shared" && strcol("mode") eq "irq" && 1 ? column("load") : NaN):(column("cpu_guest_percent") / most):(column("cpu_guest_percent_low") / most):(column("cpu_guest_percent_high") / most) with yerrorlines title "mode irq", \
	summary using (column("spin_us") == 0 && strcol("copier") eq "backend" && column("awake") == 0 && strcol("placement") eq "shared" && strcol("mode") eq "napi" && 1 ? column("load") : NaN):(column("cpu_guest_percent") / most):(column("cpu_guest_percent_low") / most):(column("cpu_guest_percent_high") / most) with yerrorlines title "mode napi", \
	summary using (column("spin_us") == 0 && strcol("copier") eq "backend" && column("awake") == 0 && strcol("placement") eq "shared" && strcol("mode") eq "poll" && 1 ? column("load") : NaN):(column("cpu_guest_percent") / most):(column("cpu_guest_percent_low") / most):(column("cpu_guest_percent_high") / most) with yerrorlines title "mode poll", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X07_cpu.png"
replot
