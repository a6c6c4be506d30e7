/*
 * CONTROL, domain 0's only: "help", "check" (are the counts of nodes right?),
 * "quota" (what guests may have) and "quota DOMID" (what one has).
 */
#ifndef STORE_REQUEST_CONTROL_H
#define STORE_REQUEST_CONTROL_H

#include "store/request.h"

request_operation request_control;

#endif
