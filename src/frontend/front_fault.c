#include "frontend/front_fault.h"

#include <assert.h>
#include <stddef.h>

static const char *const texts[] = {
	[FRONT_SOUND] = "no fault",
	[FRONT_TX_INDEX] = "tx response index moved backwards or beyond the requests",
	[FRONT_TX_ID] = "tx response with an id out of range",
	[FRONT_TX_INACTIVE] = "tx response to a request that is not outstanding",
	[FRONT_TX_STATUS] = "tx response with an impossible status",
	[FRONT_RX_INDEX] = "rx response index moved backwards or beyond the requests",
	[FRONT_RX_ID] = "rx response with an id that was not posted in its slot",
	[FRONT_RX_SIZE] = "rx response larger than a page",
	[FRONT_RX_BOUNDS] = "rx response that reaches beyond its page",
	[FRONT_RX_CUT] = "rx frame cut after a slot with more_data",
	[FRONT_RX_LONG] = "rx frame of too many slots or bytes",
	[FRONT_RX_EXTRA_CUT] = "rx extra info announced and missing",
	[FRONT_RX_EXTRA_LATE] = "rx extra info after another slot than the first",
	[FRONT_RX_GSO] = "rx segmentation offload that was not negotiated",
	[FRONT_RX_GSO_SIZE] = "rx segmentation offload with segments of 0 bytes",
	[FRONT_RX_EXTRA] = "rx extra info that was not negotiated",
};
static_assert(sizeof(texts) / sizeof(texts[0]) == FRONT_FAULTS, "a text for each fault");

const char *front_fault_text(enum front_fault fault)
{
	return fault < FRONT_FAULTS ? texts[fault] : "unknown fault";
}
