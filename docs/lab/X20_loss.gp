# Draws X20_loss.svg and .png: gnuplot X20_loss.gp
rows = "X20.csv"
summary = "X20_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Loss in bursts of 32, ring of 256"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X20_loss.svg"
set xlabel "frames in the queue"
set ylabel "% of what is offered"
set logscale x
set yrange [0:*]
most = 1
plot \
	summary using (column("ring_frames") == 256 && column("load") == 80 && 1 ? column("queue_frames") : NaN):(column("loss_percent") / most):(column("loss_percent_low") / most):(column("loss_percent_high") / most) with yerrorlines title "load 80", \
	summary using (column("ring_frames") == 256 && column("load") == 250 && 1 ? column("queue_frames") : NaN):(column("loss_percent") / most):(column("loss_percent_low") / most):(column("loss_percent_high") / most) with yerrorlines title "load 250", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X20_loss.png"
replot
