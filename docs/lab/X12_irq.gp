# Draws X12_irq.svg and .png: gnuplot X12_irq.gp
rows = "X12.csv"
summary = "X12_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Interrupts per frame"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X12_irq.svg"
set xlabel "offered load, % of capacity"
set ylabel "irq per frame"
set yrange [0:*]
most = 1
plot \
	summary using (strcol("settings") eq "plain" && strcol("mode") eq "irq" && 1 ? column("load") : NaN):(column("irq_per_frame") / most):(column("irq_per_frame_low") / most):(column("irq_per_frame_high") / most) with yerrorlines title "mode irq", \
	summary using (strcol("settings") eq "plain" && strcol("mode") eq "feedback" && 1 ? column("load") : NaN):(column("irq_per_frame") / most):(column("irq_per_frame_low") / most):(column("irq_per_frame_high") / most) with yerrorlines title "mode feedback", \
	summary using (strcol("settings") eq "defaults" && 1 ? column("load") : NaN):(column("irq_per_frame") / most):(column("irq_per_frame_low") / most):(column("irq_per_frame_high") / most) with yerrorlines linecolor rgb "black" title "feedback, all at its defaults", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X12_irq.png"
replot
