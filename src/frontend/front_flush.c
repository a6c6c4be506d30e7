#include "frontend/front_flush.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "frontend/front_tuning.h"
#include "frontend/front_voice.h"

static const uint64_t NS_PER_S = 1000000000;

/* Set to an earlier time where it must be; one that was told of meanwhile only
 * lets it fire for nothing. */
void front_flush_follow(struct front_connect *c)
{
	uint64_t due = netfront_due(c->front);
	struct itimerspec when = { .it_value = { (time_t)(due / NS_PER_S),
						 (long)(due % NS_PER_S) } };

	if (due >= c->flush_ns)
		return;
	c->flush_ns = due;
	timerfd_settime(c->flush_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void front_flush_due(struct front_connect *c)
{
	uint64_t ticks;

	if (read(c->flush_fd, &ticks, sizeof(ticks)) != sizeof(ticks))
		return;
	c->flush_ns = UINT64_MAX;
	if (c->phase == CONNECT_UP)
		netfront_flush(c->front);
	front_flush_follow(c);
}

void front_flush_take_tuning(struct front_connect *c)
{
	struct coalesce_limits limits;

	c->device.tuning_changed = false;
	front_tuning_polling(&c->device, &c->front->polling);
	front_tuning_aggregation(&c->device, &limits);
	if (netfront_aggregate(c->front, &limits))
		front_voice_tell(c, SPLITVIF_WARNING,
				 "%s.%u: tx-aggr 0 and 0 in the store: the backend would never be "
				 "told; the settings stay; set one of them",
				 c->status.name, c->status.devid);
}
