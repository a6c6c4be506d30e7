# Draws X05_goodput.svg and .png: gnuplot X05_goodput.gp
rows = "X05.csv"
summary = "X05_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Goodput under overload, application on the same processor"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X05_goodput.svg"
set xlabel "offered load, % of capacity"
set ylabel "frames/s"
set yrange [0:*]
most = 1
plot \
	summary using (strcol("settings") eq "plain" && strcol("mode") eq "irq" && 1 ? column("load") : NaN):(column("goodput_pps") / most):(column("goodput_pps_low") / most):(column("goodput_pps_high") / most) with yerrorlines title "mode irq", \
	summary using (strcol("settings") eq "plain" && strcol("mode") eq "napi" && 1 ? column("load") : NaN):(column("goodput_pps") / most):(column("goodput_pps_low") / most):(column("goodput_pps_high") / most) with yerrorlines title "mode napi", \
	summary using (strcol("settings") eq "plain" && strcol("mode") eq "handover" && 1 ? column("load") : NaN):(column("goodput_pps") / most):(column("goodput_pps_low") / most):(column("goodput_pps_high") / most) with yerrorlines title "mode handover", \
	summary using (strcol("settings") eq "plain" && strcol("mode") eq "feedback" && 1 ? column("load") : NaN):(column("goodput_pps") / most):(column("goodput_pps_low") / most):(column("goodput_pps_high") / most) with yerrorlines title "mode feedback", \
	summary using (strcol("settings") eq "plain" && strcol("mode") eq "poll" && 1 ? column("load") : NaN):(column("goodput_pps") / most):(column("goodput_pps_low") / most):(column("goodput_pps_high") / most) with yerrorlines title "mode poll", \
	summary using (strcol("settings") eq "defaults" && 1 ? column("load") : NaN):(column("goodput_pps") / most):(column("goodput_pps_low") / most):(column("goodput_pps_high") / most) with yerrorlines linecolor rgb "black" title "feedback, all at its defaults", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X05_goodput.png"
replot
