/*
 * The guest's rig in short visits, of which a run tells the one in the middle: that with
 * the median of their 99th percentiles. All of its columns are that visit's, so they add
 * up; every visit was checked.
 *
 * For what is judged by the slowest hundredth of the frames. A shared machine stands
 * still for a millisecond a few times a second: of 80 ms that spoils every third run,
 * and of those no median over the blocks says anything.
 */
#ifndef LAB_MIDDLE_RIG_H
#define LAB_MIDDLE_RIG_H

#include "bench/lab/guest_rig.h"

enum { MIDDLE_VISITS = 5 };

/* The setup is a guest_setup; the window is parted among the visits. */
extern const struct lab_rig middle_rig;

#endif
