#include "frontend/front_tuning.h"

#include <stdio.h>
#include <string.h>

#include "ring/poll.h"

static uint64_t number(struct front_device *device, const char *key, uint64_t most, uint64_t unset)
{
	store_read_number(device->store, STORE_NO_TRANSACTION, device->frontend_path, key, most,
			  &unset);
	return unset;
}

void front_tuning_aggregation(struct front_device *device, struct coalesce_limits *limits)
{
	uint64_t usecs = number(device, "coalesce/tx-aggr-time-usecs", COALESCE_LONGEST_USECS, 0);
	/* who sets a time alone means it: one frame would always come first */
	uint64_t frames = number(device, "coalesce/tx-aggr-max-frames", TX_RING_ENTRIES, !usecs);

	*limits = (struct coalesce_limits){ (uint32_t)usecs, (uint32_t)frames };
}

static bool is_by_budget(struct front_device *device)
{
	char path[XENBUS_PATH_BYTES + 64], text[16] = "";

	snprintf(path, sizeof(path), "%s/coalesce/guest-napi-complete", device->frontend_path);
	return store_read(device->store, STORE_NO_TRANSACTION, path, text, sizeof(text)) > 0 &&
	       !strcmp(text, "budget");
}

void front_tuning_polling(struct front_device *device, struct splitvif_polling *polling)
{
	uint64_t weight = number(device, "coalesce/guest-napi-weight", RX_RING_ENTRIES, 0);
	uint64_t rounds =
		number(device, "coalesce/guest-napi-defer-hard-irqs", POLL_DEFER_ROUNDS_MAX, 0);
	uint64_t usecs =
		number(device, "coalesce/guest-gro-flush-timeout", POLL_DEFER_USECS_MAX, 0);
	uint64_t spin =
		number(device, "coalesce/guest-spin-usecs", POLL_SPIN_USECS_MAX, UINT64_MAX);

	*polling = (struct splitvif_polling){
		.weight = weight ? (unsigned int)weight : POLL_WEIGHT,
		.by_budget = is_by_budget(device),
		.defer_rounds = (unsigned int)rounds,
		.defer_usecs = (unsigned int)usecs,
		.spin_usecs = spin == UINT64_MAX ? -1 : (int)spin,
	};
}
