# Draws X15_kept.svg and .png: gnuplot X15_kept.gp
rows = "X15.csv"
summary = "X15_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "What the others keep of their frames a second"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X15_kept.svg"
set ylabel "%"
set yrange [0:*]
set xrange [-0.5:5.5]
set xtics rotate by -20
plot summary using 0:"kept_pct":"kept_pct_low":"kept_pct_high":xtic(strcol("attack")." ".(strcol("rate") eq "0" ? "unpaced" : strcol("rate"))) with yerrorbars pt 7 notitle, 100 with lines dt 2 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X15_kept.png"
replot
