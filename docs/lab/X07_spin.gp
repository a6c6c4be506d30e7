# Draws X07_spin.svg and .png: gnuplot X07_spin.gp
rows = "X07.csv"
summary = "X07_summary.csv"
set datafile separator ","
set datafile missing NaN
set key outside right
set grid
set bars small
set title "Interrupts per frame by the time of spinning (NAPI)"
set terminal svg size 820,460 dynamic font "sans,12" background "white"
set output "X07_spin.svg"
set xlabel "us"
set ylabel "irq per frame"
set yrange [0:*]
most = 1
plot \
	summary using (strcol("mode") eq "napi" && strcol("copier") eq "backend" && column("awake") == 0 && strcol("placement") eq "shared" && column("load") == 1 && 1 ? column("spin_us") : NaN):(column("irq_per_frame") / most):(column("irq_per_frame_low") / most):(column("irq_per_frame_high") / most) with yerrorlines title "load 1", \
	summary using (strcol("mode") eq "napi" && strcol("copier") eq "backend" && column("awake") == 0 && strcol("placement") eq "shared" && column("load") == 5 && 1 ? column("spin_us") : NaN):(column("irq_per_frame") / most):(column("irq_per_frame_low") / most):(column("irq_per_frame_high") / most) with yerrorlines title "load 5", \
	summary using (strcol("mode") eq "napi" && strcol("copier") eq "backend" && column("awake") == 0 && strcol("placement") eq "shared" && column("load") == 10 && 1 ? column("spin_us") : NaN):(column("irq_per_frame") / most):(column("irq_per_frame_low") / most):(column("irq_per_frame_high") / most) with yerrorlines title "load 10", \
	summary using (strcol("mode") eq "napi" && strcol("copier") eq "backend" && column("awake") == 0 && strcol("placement") eq "shared" && column("load") == 30 && 1 ? column("spin_us") : NaN):(column("irq_per_frame") / most):(column("irq_per_frame_low") / most):(column("irq_per_frame_high") / most) with yerrorlines title "load 30", \
	summary using (strcol("mode") eq "napi" && strcol("copier") eq "backend" && column("awake") == 0 && strcol("placement") eq "shared" && column("load") == 60 && 1 ? column("spin_us") : NaN):(column("irq_per_frame") / most):(column("irq_per_frame_low") / most):(column("irq_per_frame_high") / most) with yerrorlines title "load 60", \
	summary using (strcol("mode") eq "napi" && strcol("copier") eq "backend" && column("awake") == 0 && strcol("placement") eq "shared" && column("load") == 90 && 1 ? column("spin_us") : NaN):(column("irq_per_frame") / most):(column("irq_per_frame_low") / most):(column("irq_per_frame_high") / most) with yerrorlines title "load 90", \
	1/0 notitle
set terminal pngcairo size 1100,620 font "sans,12"
set output "X07_spin.png"
replot
