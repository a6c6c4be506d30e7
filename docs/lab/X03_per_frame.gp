# Draws X03_per_frame.svg and .png: gnuplot X03_per_frame.gp
rows = "X03.csv"
summary = "X03_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "The driver's CPU per frame, application apart"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X03_per_frame.svg"
set xlabel "offered load, % of capacity"
set ylabel "ns a frame"
set xrange [*:130]
set yrange [0:*]
most = 1
plot \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 1 && 1 ? column("load") : NaN):(column("poll_ns_per_frame") / most):(column("poll_ns_per_frame_low") / most):(column("poll_ns_per_frame_high") / most) with yerrorlines title "limit 1", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 2 && 1 ? column("load") : NaN):(column("poll_ns_per_frame") / most):(column("poll_ns_per_frame_low") / most):(column("poll_ns_per_frame_high") / most) with yerrorlines title "limit 2", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 4 && 1 ? column("load") : NaN):(column("poll_ns_per_frame") / most):(column("poll_ns_per_frame_low") / most):(column("poll_ns_per_frame_high") / most) with yerrorlines title "limit 4", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 8 && 1 ? column("load") : NaN):(column("poll_ns_per_frame") / most):(column("poll_ns_per_frame_low") / most):(column("poll_ns_per_frame_high") / most) with yerrorlines title "limit 8", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 60 && 1 ? column("load") : NaN):(column("poll_ns_per_frame") / most):(column("poll_ns_per_frame_low") / most):(column("poll_ns_per_frame_high") / most) with yerrorlines title "limit 60", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 64 && 1 ? column("load") : NaN):(column("poll_ns_per_frame") / most):(column("poll_ns_per_frame_low") / most):(column("poll_ns_per_frame_high") / most) with yerrorlines title "limit 64", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "plain" && column("limit") == 200 && 1 ? column("load") : NaN):(column("poll_ns_per_frame") / most):(column("poll_ns_per_frame_low") / most):(column("poll_ns_per_frame_high") / most) with yerrorlines title "limit 200", \
	summary using (strcol("placement") eq "apart" && column("round_cost_us") == 20 && strcol("complete") eq "budget" && strcol("settings") eq "defaults" && 1 ? column("load") : NaN):(column("poll_ns_per_frame") / most):(column("poll_ns_per_frame_low") / most):(column("poll_ns_per_frame_high") / most) with yerrorlines linecolor rgb "black" title "limit 64, all at its defaults", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X03_per_frame.png"
replot
