# Draws X17_cpu.svg and .png: gnuplot X17_cpu.gp
rows = "X17.csv"
summary = "X17_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "The guest's CPU per frame"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X17_cpu.svg"
set xlabel "frames sent per 100 received"
set ylabel "ns"
set yrange [0:*]
most = 1
plot \
	summary using (column("rate") == 20000 && strcol("channels") eq "split" && 1 ? column("ratio") : NaN):(column("guest_ns_per_frame") / most):(column("guest_ns_per_frame_low") / most):(column("guest_ns_per_frame_high") / most) with yerrorlines title "channels split", \
	summary using (column("rate") == 20000 && strcol("channels") eq "single" && 1 ? column("ratio") : NaN):(column("guest_ns_per_frame") / most):(column("guest_ns_per_frame_low") / most):(column("guest_ns_per_frame_high") / most) with yerrorlines title "channels single", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X17_cpu.png"
replot
