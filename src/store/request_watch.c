#include "store/request_watch.h"

#include <errno.h>

/* The payload's path and token; nothing more but reserved bytes. */
static int take_watch(const struct request *request, const char **path, const char **token)
{
	size_t offset = 0;

	*path = request_string(request, &offset);
	*token = *path ? request_string(request, &offset) : NULL;
	return *token ? 0 : -EINVAL;
}

int request_watch(struct request *request)
{
	struct store_connection *connection = request->connection;
	struct domain *domain = connection_domain(connection);
	const char *path, *token;
	struct watch *watch;
	int rc = take_watch(request, &path, &token);

	if (rc)
		return rc;
	rc = watch_add(&connection->server->watches, &connection->watches, connection,
		       connection->domid, path, token, &watch);
	if (rc)
		return rc;
	if (connection->domid && domain->watches >= QUOTA_WATCHES) {
		watch_drop(&connection->server->watches, watch);
		return -E2BIG;
	}
	domain->watches++;
	request->watch = watch;
	return 0;
}

int request_unwatch(struct request *request)
{
	struct store_connection *connection = request->connection;
	const char *path, *token;
	int rc = take_watch(request, &path, &token);

	if (!rc)
		rc = watch_remove(&connection->server->watches, connection, connection->domid, path,
				  token);
	if (!rc)
		connection_domain(connection)->watches--;
	return rc;
}

/* Its own transaction, if it was sent in one, goes too. */
int request_reset_watches(struct request *request)
{
	connection_drop_watches(request->connection);
	connection_drop_transactions(request->connection);
	return 0;
}
