#include "backend/poll.h"

#include <stddef.h>

void poll_init(struct poll_list *list)
{
	*list = (struct poll_list){ 0 };
	list->tail = &list->head;
}

static void append(struct poll_list *list, struct poll_item *item)
{
	item->next = NULL;
	*list->tail = item;
	list->tail = &item->next;
}

static struct poll_item *take_first(struct poll_list *list)
{
	struct poll_item *item = list->head;

	list->head = item->next;
	if (!list->head)
		list->tail = &list->head;
	return item;
}

void poll_schedule(struct poll_list *list, struct poll_item *item)
{
	if (item->scheduled)
		return;
	item->scheduled = true;
	append(list, item);
}

void poll_remove(struct poll_list *list, struct poll_item *item)
{
	struct poll_item **link = &list->head;

	if (!item->scheduled)
		return;
	while (*link != item)
		link = &(*link)->next;
	*link = item->next;
	if (!*link)
		list->tail = link;
	item->scheduled = false;
}

/* An empty turn costs one of the budget: no spinning for free. */
static unsigned int turn(struct poll_list *list, struct poll_item *item)
{
	unsigned int done = 0;

	if (item->poll(item, item->weight, &done))
		append(list, item);
	else
		item->scheduled = false;
	item->rounds++;
	item->frames += done;
	item->empty_rounds += !done;
	return done ? done : 1;
}

bool poll_run(struct poll_list *list, unsigned int budget, void (*after)(void *arg), void *arg)
{
	unsigned int used = 0;

	while (list->head && used < budget) {
		used += turn(list, take_first(list));
		after(arg);
	}
	if (list->head)
		list->squeezed++;
	return list->head != NULL;
}
