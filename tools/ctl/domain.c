#include "ctl/domain.h"

#include <stdio.h>
#include <string.h>

#include "ctl/exit_status.h"
#include "ctl/migration.h"
#include "ctl/order.h"

static const char *const verbs[] = { "domain-suspend", "domain-resume", "domain-migrate" };

bool domain_is_verb(const char *word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i], word))
			return true;
	return false;
}

static int wait_suspended(struct order *order)
{
	int closed, n;

	do {
		if (site_find(&order->here, order->here.name))
			return order_refuse(order, EXIT_FAILED,
					    "it ended meanwhile; nothing to be done");
		n = site_count_vifs(&order->here, XenbusStateClosed, false, &closed);
		if (n == closed && site_says(&order->here, XENBUS_CONTROL_SUSPENDED, "1")) {
			printf("%s: suspended\n", order->here.name);
			return EXIT_DONE;
		}
	} while (!order_time_is_up(order));
	return order_withdraw(order);
}

static int wait_resumed(struct order *order)
{
	int up, n;
	double ms;

	do {
		if (site_find(&order->here, order->here.name))
			return order_refuse(order, EXIT_FAILED,
					    "it ended meanwhile; nothing to be done");
		n = site_count_vifs(&order->here, XenbusStateConnected, true, &up);
		ms = site_downtime_ms(&order->here);
		if (n == up && (!n || ms >= 0) &&
		    site_says(&order->here, XENBUS_CONTROL_SUSPENDED, "0")) {
			printf("%s: resumed, down for %.1f ms\n", order->here.name,
			       ms < 0 ? 0 : ms);
			return EXIT_DONE;
		}
	} while (!order_time_is_up(order));
	return order_withdraw(order);
}

static int run_suspend(struct order *order)
{
	int status;

	if (site_says(&order->here, XENBUS_CONTROL_SUSPENDED, "1"))
		return order_refuse(order, EXIT_FAILED,
				    "it is suspended; 'splitvif domain-resume %s' is "
				    "the way back",
				    order->here.name);
	order->word = "suspend";
	status = order_give(order);
	return status ? status : wait_suspended(order);
}

static int run_resume(struct order *order)
{
	int status;

	if (!site_says(&order->here, XENBUS_CONTROL_SUSPENDED, "1"))
		return order_refuse(order, EXIT_FAILED, "it is not suspended; nothing to be done");
	order->word = "resume";
	status = order_give(order);
	return status ? status : wait_resumed(order);
}

static int run(struct order *order)
{
	const char *dom = order->command->words[1];
	int err = site_open(&order->here, NULL, order->command->timeout_ms);

	if (err)
		return order_refuse_site(order, &order->here, err);
	err = site_find(&order->here, dom);
	if (err)
		return order_refuse(order, EXIT_NO_SUCH,
				    "no such domain; 'splitvif list' shows those "
				    "there are");
	if (!site_says(&order->here, XENBUS_CONTROL_FEATURE_SUSPEND, "1"))
		return order_refuse(order, EXIT_FAILED,
				    "its frontend knows of no suspension; detach its vifs instead");
	switch (order->task[0]) {
	case 's':
		return run_suspend(order);
	case 'r':
		return run_resume(order);
	}
	return migration_run(order);
}

int domain_run(const struct domain_command *command)
{
	struct order order = { .command = command,
			       .task = command->words[0] + strlen("domain-"),
			       .bridge = "",
			       .deadline = order_now_ms() + command->timeout_ms };
	int status = run(&order);

	site_close(&order.there);
	site_close(&order.here);
	return status;
}
