/*
 * Requests about domains. Where a domain's home is anybody may ask; whether it is
 * there, introducing, releasing, resuming and giving rights over another (a
 * target) is domain 0's, else -EACCES.
 *
 * Domains of this daemon come and go with their connections to it, which says so
 * to the server by itself. What comes by message is for toolstacks that manage
 * domains of their own: such a domain has no connection, and its number is not
 * given to others while it lasts.
 */
#ifndef STORE_REQUEST_DOMAIN_H
#define STORE_REQUEST_DOMAIN_H

#include "store/request.h"

request_operation request_get_domain_path, request_is_domain_introduced, request_introduce,
	request_release, request_resume, request_set_target;

#endif
