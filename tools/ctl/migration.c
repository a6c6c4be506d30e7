#include "ctl/migration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exit_status.h"
#include "ctl/luggage.h"
#include "io/log.h"

/* Where it is not to be seen for a moment it is on its way, or on its way back. */
static int wait_migrated(struct order *order)
{
	char why[ORDER_LINE_BYTES];
	double ms;

	do {
		if (!site_find(&order->there, order->here.name) &&
		    (ms = site_downtime_ms(&order->there)) >= 0) {
			printf("%s: migrated to %s, down for %.1f ms\n", order->here.name,
			       order->rundir, ms);
			return EXIT_DONE;
		}
		if (!site_find(&order->here, order->here.name) &&
		    site_read(&order->here, XENBUS_CONTROL_ERROR, why, sizeof(why)) > 0) {
			order_make_printable(why);
			if (!order->command->quiet)
				log_complain("%s", why);
			return EXIT_FAILED;
		}
	} while (!order_time_is_up(order));
	return order_withdraw(order);
}

static int find_target(struct order *order, const char *rundir)
{
	char here[PATH_MAX] = "", dir[RUNDIR_PATH_BYTES];
	int err;

	if (!realpath(rundir, order->rundir))
		return order_refuse(order, EXIT_NO_DAEMON,
				    "no run directory %.200s: %s; name that of a running splitvifd",
				    rundir, strerror(errno));
	if (!rundir_path(dir, sizeof(dir), NULL) && realpath(dir, here) &&
	    !strcmp(here, order->rundir))
		return order_refuse(order, EXIT_USAGE,
				    "it is at %s already; name another run directory", here);
	err = site_open(&order->there, order->rundir, order->command->timeout_ms);
	if (err == -ENAMETOOLONG)
		return order_refuse(
			order, EXIT_USAGE,
			"%.80s...: longer than a socket's path may be; name a shorter one",
			order->rundir);
	return err ? order_refuse_site(order, &order->there, err) : 0;
}

/* It is here no longer, which this daemon may not have seen yet. */
static void forget_here(struct order *order)
{
	char why[ORDER_LINE_BYTES];
	int err;

	do
		err = luggage_forget(order->here.name, order->command->timeout_ms, why,
				     sizeof(why));
	while (err == -EBUSY && !order_time_is_up(order));
	if (err && !order->command->quiet)
		log_complain("%.80s has migrated, and the daemon that it left still knows its "
			     "vifs: %s; detach them there with 'splitvif network-detach'",
			     order->here.name, why);
}

/* What is known of it goes ahead. Where another order was faster, and is for the
 * same place, it is that one's. */
static int send_off(struct order *order)
{
	unsigned int timeout_ms = order->command->timeout_ms;
	char why[ORDER_LINE_BYTES];
	int status = order_check(order);

	if (status)
		return status;
	status = luggage_send(order->here.name, order->rundir, order->bridge, timeout_ms, why,
			      sizeof(why));
	if (status)
		return order_refuse(order, status, "%s", why);
	status = order_give(order);
	if (status && strcmp(order->goal, order->rundir) != 0)
		luggage_take_back(order->here.name, order->rundir, timeout_ms);
	return status;
}

/* Has the VM go there: what is known of it is in one place in the end. Where the VM
 * may still be on its way the daemon there sees the end. */
static int migrate(struct order *order)
{
	unsigned int timeout_ms = order->command->timeout_ms;
	int status = send_off(order);

	if (status)
		return status;
	status = wait_migrated(order);
	if (!status) {
		luggage_settle(order->here.name, order->rundir, timeout_ms);
		forget_here(order);
	} else if (status == EXIT_FAILED || order->withdrawn) {
		luggage_take_back(order->here.name, order->rundir, timeout_ms);
	}
	return status;
}

int migration_run(struct order *order)
{
	const struct domain_command *command = order->command;
	int err, status = find_target(order, command->words[2]);

	if (status)
		return status;
	if (command->nr_words > 3 &&
	    (strncmp(command->words[3], "bridge=", 7) || strlen(command->words[3]) > 7 + 15))
		return order_refuse(order, EXIT_USAGE, "'%.40s' is not bridge=BRIDGE; leave it out",
				    command->words[3]);
	order->bridge = command->nr_words > 3 ? command->words[3] + 7 : "";
	if (site_says(&order->here, XENBUS_CONTROL_SUSPENDED, "1"))
		return order_refuse(order, EXIT_FAILED, "it is suspended; resume it first");
	err = site_find(&order->there, order->here.name);
	if (!err)
		return order_refuse(order, EXIT_FAILED,
				    "a VM of that name is there; stop one of them");
	if (err != -ENOENT)
		return order_refuse(order, EXIT_TIMED_OUT,
				    "the daemon at %s does not answer: %s; it stays", order->rundir,
				    strerror(-err));
	order->word = "suspend";
	return migrate(order);
}
