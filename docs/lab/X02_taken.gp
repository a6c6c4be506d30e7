# Draws X02_taken.svg and .png: gnuplot X02_taken.gp
rows = "X02.csv"
summary = "X02_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Taken by the driver at 400 % load, application apart"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X02_taken.svg"
set xlabel "limit"
set ylabel "frames/s"
set logscale x
set yrange [0:*]
most = 1
plot \
	summary using (column("load") == 400 && strcol("placement") eq "apart" && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("round_cost_us") == 0 && 1 ? column("limit") : NaN):(column("taken_pps") / most):(column("taken_pps_low") / most):(column("taken_pps_high") / most) with yerrorlines title "round_cost_us 0", \
	summary using (column("load") == 400 && strcol("placement") eq "apart" && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("round_cost_us") == 5 && 1 ? column("limit") : NaN):(column("taken_pps") / most):(column("taken_pps_low") / most):(column("taken_pps_high") / most) with yerrorlines title "round_cost_us 5", \
	summary using (column("load") == 400 && strcol("placement") eq "apart" && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("round_cost_us") == 20 && 1 ? column("limit") : NaN):(column("taken_pps") / most):(column("taken_pps_low") / most):(column("taken_pps_high") / most) with yerrorlines title "round_cost_us 20", \
	summary using (column("load") == 400 && strcol("placement") eq "apart" && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("round_cost_us") == 40 && 1 ? column("limit") : NaN):(column("taken_pps") / most):(column("taken_pps_low") / most):(column("taken_pps_high") / most) with yerrorlines title "round_cost_us 40", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X02_taken.png"
replot
