/*
 * What the operator set of a guest's own driver (splitvif(8), tx-aggr and guest-), as
 * it stands in the store below the frontend's directory. Where nothing is set, or
 * nothing that makes sense, the default.
 */
#ifndef FRONTEND_FRONT_TUNING_H
#define FRONTEND_FRONT_TUNING_H

#include "frontend/front_device.h"

/* How the backend is to be told of frames to be sent. */
void front_tuning_aggregation(struct front_device *device, struct coalesce_limits *limits);

/* How the guest's loop is to take turns. */
void front_tuning_polling(struct front_device *device, struct splitvif_polling *polling);

#endif
