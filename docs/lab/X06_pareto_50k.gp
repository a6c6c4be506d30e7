# Draws X06_pareto_50k.svg and .png: gnuplot X06_pareto_50k.gp
rows = "X06.csv"
summary = "X06_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Interrupts against latency, 50000 frames/s"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X06_pareto_50k.svg"
set logscale xy
set xlabel "interrupts/s"
set ylabel "p99, us"
plot summary using (column("rate") == 50000 && column("adaptive_rx") == 0 ? column("irq_per_s") : NaN):"p99_us" with points pt 6 title "fixed", summary using (column("rate") == 50000 && column("adaptive_rx") == 1 ? column("irq_per_s") : NaN):"p99_us" with points pt 7 ps 2 title "adaptive"
set terminal pngcairo size 1100,620 font "sans,12"
set output "X06_pareto_50k.png"
replot
