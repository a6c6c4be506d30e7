/*
 * Requests about nodes: values, lists of children, permissions. Two names are no
 * nodes and have permissions all the same: store/special.h.
 */
#ifndef STORE_REQUEST_NODE_H
#define STORE_REQUEST_NODE_H

#include "store/request.h"

request_operation request_read, request_directory, request_directory_part, request_write,
	request_mkdir, request_rm, request_get_permissions, request_set_permissions;

#endif
