# Draws X13_cpu_shared.svg and .png: gnuplot X13_cpu_shared.gp
rows = "X13.csv"
summary = "X13_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "CPU of all, application on the same processor"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X13_cpu_shared.svg"
set xlabel "offered load, % of capacity"
set ylabel "CPU of all, % of one processor, of the highest"
set xrange [*:130]
set yrange [0:*]
most = 137.09999
plot \
	summary using (strcol("placement") eq "shared" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 1 && 1 ? column("load") : NaN):(column("cpu_all_percent") / most):(column("cpu_all_percent_low") / most):(column("cpu_all_percent_high") / most) with yerrorlines title "limit 1", \
	summary using (strcol("placement") eq "shared" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 2 && 1 ? column("load") : NaN):(column("cpu_all_percent") / most):(column("cpu_all_percent_low") / most):(column("cpu_all_percent_high") / most) with yerrorlines title "limit 2", \
	summary using (strcol("placement") eq "shared" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 4 && 1 ? column("load") : NaN):(column("cpu_all_percent") / most):(column("cpu_all_percent_low") / most):(column("cpu_all_percent_high") / most) with yerrorlines title "limit 4", \
	summary using (strcol("placement") eq "shared" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 8 && 1 ? column("load") : NaN):(column("cpu_all_percent") / most):(column("cpu_all_percent_low") / most):(column("cpu_all_percent_high") / most) with yerrorlines title "limit 8", \
	summary using (strcol("placement") eq "shared" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 60 && 1 ? column("load") : NaN):(column("cpu_all_percent") / most):(column("cpu_all_percent_low") / most):(column("cpu_all_percent_high") / most) with yerrorlines title "limit 60", \
	summary using (strcol("placement") eq "shared" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 64 && 1 ? column("load") : NaN):(column("cpu_all_percent") / most):(column("cpu_all_percent_low") / most):(column("cpu_all_percent_high") / most) with yerrorlines title "limit 64", \
	summary using (strcol("placement") eq "shared" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 200 && 1 ? column("load") : NaN):(column("cpu_all_percent") / most):(column("cpu_all_percent_low") / most):(column("cpu_all_percent_high") / most) with yerrorlines title "limit 200", \
	summary using (strcol("placement") eq "shared" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "defaults" && 1 ? column("load") : NaN):(column("cpu_all_percent") / most):(column("cpu_all_percent_low") / most):(column("cpu_all_percent_high") / most) with yerrorlines linecolor rgb "black" title "limit 64, all at its defaults", \
	"kuroda2013.csv" using (strcol("series") eq "virtualbox-cpu-shared" && column("limit") == 1 ? column("load_percent") : NaN):(column("relative")) with linespoints dashtype 2 pointtype 4 linecolor rgb "#999999" title "Kuroda 2013, limit 1", \
	"kuroda2013.csv" using (strcol("series") eq "virtualbox-cpu-shared" && column("limit") == 2 ? column("load_percent") : NaN):(column("relative")) with linespoints dashtype 3 pointtype 5 linecolor rgb "#999999" title "Kuroda 2013, limit 2", \
	"kuroda2013.csv" using (strcol("series") eq "virtualbox-cpu-shared" && column("limit") == 60 ? column("load_percent") : NaN):(column("relative")) with linespoints dashtype 4 pointtype 6 linecolor rgb "#999999" title "Kuroda 2013, limit 60", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X13_cpu_shared.png"
replot
