#include "ctl/order.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/exit_status.h"
#include "io/log.h"
#include "store/client.h"

enum { LOOK_US = 2000 };

int64_t order_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void order_make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

int order_refuse(const struct order *order, int status, const char *format, ...)
{
	char line[ORDER_LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	order_make_printable(line);
	if (!order->command->quiet)
		log_complain("cannot %s %.80s: %s", order->task, order->command->words[1], line);
	return status;
}

int order_refuse_site(const struct order *order, const struct site *site, int err)
{
	if (err == -EACCES || err == -EPERM)
		return order_refuse(order, EXIT_MAY_NOT,
				    "%s: permission denied; be the daemon's user", site->path);
	return order_refuse(order, EXIT_NO_DAEMON,
			    "no daemon at %s: %s; start it with 'splitvifd -f'", site->path,
			    strerror(-err));
}

/* A migration that is ordered, or under way, is not disturbed: -EALREADY. */
static int read_goal(struct store_client *store, uint32_t transaction, void *arg)
{
	static const char *const keys[] = { XENBUS_CONTROL_MIGRATE_TO, XENBUS_CONTROL_MIGRATING };
	struct order *order = arg;
	char path[SITE_PATH_BYTES];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		site_path(&order->here, keys[i], path);
		if (store_read(store, transaction, path, order->goal, sizeof(order->goal)) > 0)
			return -EALREADY;
	}
	order->goal[0] = '\0';
	return 0;
}

static int write_order(struct store_client *store, uint32_t transaction, void *arg)
{
	const struct order *order = arg;
	const struct {
		const char *key, *value;
	} keys[] = {
		{ XENBUS_CONTROL_ERROR, "" },
		{ XENBUS_CONTROL_MIGRATE_TO, order->rundir },
		{ XENBUS_CONTROL_MIGRATE_BRIDGE, order->bridge },
		{ XENBUS_CONTROL_SHUTDOWN, order->word },
	};
	char path[SITE_PATH_BYTES];
	int err;

	site_path(&order->here, XENBUS_CONTROL_DOWNTIME, path);
	err = store_remove(store, transaction, path);
	if (err == -ENOENT)
		err = 0;
	for (size_t i = 0; !err && i < sizeof(keys) / sizeof(keys[0]); i++) {
		site_path(&order->here, keys[i].key, path);
		err = store_write(store, transaction, path, keys[i].value, strlen(keys[i].value));
	}
	return err;
}

static int give(struct store_client *store, uint32_t transaction, void *arg)
{
	int err = read_goal(store, transaction, arg);

	return err ? err : write_order(store, transaction, arg);
}

static int refuse_store(const struct order *order, int err)
{
	if (err == -EALREADY)
		return order_refuse(order, EXIT_FAILED, "it is on its way to %s; wait",
				    order->goal);
	return err ? order_refuse(order, EXIT_FAILED, "its daemon's store: %s; see its log",
				  strerror(-err))
		   : 0;
}

int order_check(struct order *order)
{
	return refuse_store(order, store_snapshot(order->here.store, read_goal, order));
}

int order_give(struct order *order)
{
	return refuse_store(order, store_transact(order->here.store, give, order));
}

/* -ENOENT: the word was taken. */
static int write_withdrawal(struct store_client *store, uint32_t transaction, void *arg)
{
	struct order none = *(const struct order *)arg;
	char path[SITE_PATH_BYTES], word[32];

	site_path(&none.here, XENBUS_CONTROL_SHUTDOWN, path);
	if (store_read(store, transaction, path, word, sizeof(word)) < 0 ||
	    strcmp(word, none.word) != 0)
		return -ENOENT;
	none.word = none.bridge = "";
	none.rundir[0] = '\0';
	return write_order(store, transaction, &none);
}

int order_withdraw(struct order *order)
{
	order->withdrawn = !site_find(&order->here, order->here.name) &&
			   !store_transact(order->here.store, write_withdrawal, order);
	if (order->withdrawn)
		return order_refuse(order, EXIT_TIMED_OUT,
				    "its frontend does not answer; it stays as it is");
	return order_refuse(
		order, EXIT_TIMED_OUT,
		"not done in %g s; 'splitvif list' shows how it is, --timeout waits longer",
		order->command->timeout_ms / 1000.0);
}

bool order_time_is_up(const struct order *order)
{
	usleep(LOOK_US);
	return order_now_ms() >= order->deadline;
}
