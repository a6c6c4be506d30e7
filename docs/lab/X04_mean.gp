# Draws X04_mean.svg and .png: gnuplot X04_mean.gp
rows = "X04.csv"
summary = "X04_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Frames in a round, limit 64"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X04_mean.svg"
set xlabel "offered load, % of capacity"
set ylabel "frames a round"
set logscale y
most = 1
plot \
	summary using (column("limit") == 64 && column("burst") == 1 && 1 ? column("load") : NaN):(column("frames_per_round") / most):(column("frames_per_round_low") / most):(column("frames_per_round_high") / most) with yerrorlines title "burst 1", \
	summary using (column("limit") == 64 && column("burst") == 8 && 1 ? column("load") : NaN):(column("frames_per_round") / most):(column("frames_per_round_low") / most):(column("frames_per_round_high") / most) with yerrorlines title "burst 8", \
	summary using (column("limit") == 64 && column("burst") == 64 && 1 ? column("load") : NaN):(column("frames_per_round") / most):(column("frames_per_round_low") / most):(column("frames_per_round_high") / most) with yerrorlines title "burst 64", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X04_mean.png"
replot
