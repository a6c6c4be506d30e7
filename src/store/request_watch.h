/*
 * Requests about watches. A guest's are counted over all its connections.
 */
#ifndef STORE_REQUEST_WATCH_H
#define STORE_REQUEST_WATCH_H

#include "store/request.h"

request_operation request_watch, request_unwatch, request_reset_watches;

#endif
