#include "store/request_domain.h"

#include <errno.h>

#include "store/server.h"

enum { DOMID_OF_CALLER = 0x7ff0 }; /* DOMID_SELF of xen.h */

int request_get_domain_path(struct request *request)
{
	char home[PATH_HOME_BYTES];
	uint32_t domid;
	int rc = request_number(request_only_string(request), UINT16_MAX, &domid);

	if (rc)
		return rc;
	path_home(home, (uint16_t)domid);
	return request_answer_text(request, home);
}

int request_is_domain_introduced(struct request *request)
{
	uint32_t domid;
	int rc;

	if (request->connection->domid)
		return -EACCES;
	rc = request_number(request_only_string(request), UINT16_MAX, &domid);
	if (rc)
		return rc;
	return request_answer_text(
		request,
		domid == DOMID_OF_CALLER || request->connection->server->domains[domid].introduced
			? "T"
			: "F");
}

/* The payload's next string as a domain's number: 0, or -EINVAL. */
static int take_domid(const struct request *request, size_t *offset, uint16_t *domid)
{
	uint32_t number;
	int rc = request_number(request_string(request, offset), DOMID_OF_CALLER - 1, &number);

	*domid = (uint16_t)number;
	return !rc && number ? 0 : -EINVAL;
}

/* As take_domid, of a domain that is there: else -ENOENT. */
static int take_domain(const struct request *request, size_t *offset, uint16_t *domid)
{
	int rc = take_domid(request, offset, domid);

	if (rc)
		return rc;
	return store_server_is_introduced(request->connection->server, *domid) ? 0 : -ENOENT;
}

static int take_only_domain(const struct request *request, uint16_t *domid)
{
	size_t offset = 0;
	int rc;

	if (request->connection->domid)
		return -EACCES;
	rc = take_domain(request, &offset, domid);
	return !rc && offset != request->message->length ? -EINVAL : rc;
}

/* What it has asked for so far is forgotten: it begins anew. */
static void reset_domain(struct store_server *server, uint16_t domid)
{
	struct store_connection *connection;

	for (connection = server->connections; connection; connection = connection->next) {
		if (connection->domid != domid)
			continue;
		connection_drop_watches(connection);
		connection_drop_transactions(connection);
	}
}

/* A frame and an event channel are named, as on Xen, where the domain's ring is;
 * here connections need neither. */
int request_introduce(struct request *request)
{
	struct store_server *server = request->connection->server;
	size_t offset = 0;
	uint16_t domid;
	uint32_t port;
	int rc;

	if (request->connection->domid)
		return -EACCES;
	rc = take_domid(request, &offset, &domid);
	if (!rc && !request_string(request, &offset))
		rc = -EINVAL;
	if (!rc)
		rc = request_number(request_string(request, &offset), UINT32_MAX, &port);
	if (rc || !port)
		return -EINVAL;
	rc = store_server_introduce(server, domid);
	if (rc == -EAGAIN) /* of an earlier one there was something left: no more */
		rc = store_server_introduce(server, domid);
	if (rc != -EEXIST)
		return rc;
	reset_domain(server, domid);
	return 0;
}

int request_release(struct request *request)
{
	uint16_t domid;
	int rc = take_only_domain(request, &domid);

	if (!rc)
		store_server_release(request->connection->server, domid);
	return rc;
}

/* Nothing is kept of a domain that stopped, so there is nothing to take back. */
int request_resume(struct request *request)
{
	uint16_t domid;

	return take_only_domain(request, &domid);
}

int request_set_target(struct request *request)
{
	size_t offset = 0;
	uint16_t domid, target;
	int rc;

	if (request->connection->domid)
		return -EACCES;
	rc = take_domain(request, &offset, &domid);
	if (!rc)
		rc = take_domain(request, &offset, &target);
	if (!rc)
		request->connection->server->domains[domid].target = target;
	return rc;
}
