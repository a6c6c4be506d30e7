# Draws X01_irq_apart.svg and .png: gnuplot X01_irq_apart.gp
rows = "X01.csv"
summary = "X01_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Interrupts, application apart"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X01_irq_apart.svg"
set xlabel "offered load, % of capacity"
set ylabel "interrupts/s, of the highest"
set xrange [*:130]
set yrange [0:*]
most = 27369.1091
plot \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 1 && 1 ? column("load") : NaN):(column("irq_per_s") / most):(column("irq_per_s_low") / most):(column("irq_per_s_high") / most) with yerrorlines title "limit 1", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 2 && 1 ? column("load") : NaN):(column("irq_per_s") / most):(column("irq_per_s_low") / most):(column("irq_per_s_high") / most) with yerrorlines title "limit 2", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 4 && 1 ? column("load") : NaN):(column("irq_per_s") / most):(column("irq_per_s_low") / most):(column("irq_per_s_high") / most) with yerrorlines title "limit 4", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 8 && 1 ? column("load") : NaN):(column("irq_per_s") / most):(column("irq_per_s_low") / most):(column("irq_per_s_high") / most) with yerrorlines title "limit 8", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 60 && 1 ? column("load") : NaN):(column("irq_per_s") / most):(column("irq_per_s_low") / most):(column("irq_per_s_high") / most) with yerrorlines title "limit 60", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 64 && 1 ? column("load") : NaN):(column("irq_per_s") / most):(column("irq_per_s_low") / most):(column("irq_per_s_high") / most) with yerrorlines title "limit 64", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 200 && 1 ? column("load") : NaN):(column("irq_per_s") / most):(column("irq_per_s_low") / most):(column("irq_per_s_high") / most) with yerrorlines title "limit 200", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "defaults" && 1 ? column("load") : NaN):(column("irq_per_s") / most):(column("irq_per_s_low") / most):(column("irq_per_s_high") / most) with yerrorlines linecolor rgb "black" title "limit 64, all at its defaults", \
	"kuroda2013.csv" using (strcol("series") eq "virtualbox-irq" && column("limit") == 1 ? column("load_percent") : NaN):(column("relative")) with linespoints dashtype 2 pointtype 4 linecolor rgb "#999999" title "Kuroda 2013, limit 1", \
	"kuroda2013.csv" using (strcol("series") eq "virtualbox-irq" && column("limit") == 2 ? column("load_percent") : NaN):(column("relative")) with linespoints dashtype 3 pointtype 5 linecolor rgb "#999999" title "Kuroda 2013, limit 2", \
	"kuroda2013.csv" using (strcol("series") eq "virtualbox-irq" && column("limit") == 60 ? column("load_percent") : NaN):(column("relative")) with linespoints dashtype 4 pointtype 6 linecolor rgb "#999999" title "Kuroda 2013, limit 60", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X01_irq_apart.png"
replot
