/*
 * domain-migrate: has a VM go to another daemon. What is known of it goes ahead
 * (luggage.h), the order follows, and in the end what is known is in one place.
 */
#ifndef CTL_MIGRATION_H
#define CTL_MIGRATION_H

#include "ctl/order.h"

/* Of a VM that is here and knows how to. The exit status; told. */
int migration_run(struct order *order);

#endif
