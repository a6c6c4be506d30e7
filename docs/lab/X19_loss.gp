# Draws X19_loss.svg and .png: gnuplot X19_loss.gp
rows = "X19.csv"
summary = "X19_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Loss, limit 64"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X19_loss.svg"
set xlabel "frames in a burst"
set ylabel "% of what is offered"
set logscale x
set yrange [0:*]
most = 1
plot \
	summary using (column("limit") == 64 && column("load") == 20 && 1 ? column("burst") : NaN):(column("loss_percent") / most):(column("loss_percent_low") / most):(column("loss_percent_high") / most) with yerrorlines title "load 20", \
	summary using (column("limit") == 64 && column("load") == 60 && 1 ? column("burst") : NaN):(column("loss_percent") / most):(column("loss_percent_low") / most):(column("loss_percent_high") / most) with yerrorlines title "load 60", \
	summary using (column("limit") == 64 && column("load") == 90 && 1 ? column("burst") : NaN):(column("loss_percent") / most):(column("loss_percent_low") / most):(column("loss_percent_high") / most) with yerrorlines title "load 90", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X19_loss.png"
replot
