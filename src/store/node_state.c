#include "store/node_state.h"

#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "store/path.h"

enum {
	RECORD_NODE = 0x4e4f4445,
	DEPTH_MAX = PATH_BYTES / 2, /* "/a/a/..." */
	CHILDREN_MAX = 1 << 24,
	PERMISSIONS_MAX = UINT16_MAX + 1,
	VALUE_MAX = 1 << 24,
};

/* A node, and its number. */
struct known {
	const struct node *node;
	uint64_t number;
};

static int compare_known(const void *a, const void *b)
{
	const struct known *one = a, *other = b;

	return one->node < other->node ? -1 : one->node > other->node;
}

void node_book_init(struct node_book *book, struct state *state)
{
	*book = (struct node_book){ .state = state };
}

void node_book_fini(struct node_book *book)
{
	tdestroy(book->known, free);
	for (size_t i = 0; book->nodes && i < book->nr; i++)
		node_put(book->nodes[i]);
	free(book->nodes);
}

/* The number that a node has, or that of the next one. */
static uint64_t number_of(struct node_book *book, const struct node *node)
{
	const struct known wanted = { .node = node };
	struct known **found = node ? tfind(&wanted, &book->known, compare_known) : NULL;

	return found ? (*found)->number : book->nr;
}

static void note_saved(struct node_book *book, const struct node *node)
{
	struct known *known = malloc(sizeof(*known));

	if (known)
		*known = (struct known){ node, book->nr++ };
	if (known && tsearch(known, &book->known, compare_known))
		return;
	free(known);
	state_refuse(book->state, "out of memory");
}

/* The book has a reference of its own. */
static void note_restored(struct node_book *book, struct node *node)
{
	size_t room = book->room ? 2 * book->room : 256;
	struct node **nodes;

	if (book->nr == book->room) {
		nodes = realloc(book->nodes, room * sizeof(*nodes));
		if (!nodes) {
			state_refuse(book->state, "out of memory");
			return;
		}
		book->nodes = nodes;
		book->room = room;
	}
	book->nodes[book->nr++] = node_get(node);
}

static struct node *carry(struct node_book *book, struct node *node, unsigned int depth);

/* What the node itself says; restored, it points into the state. */
static void carry_facts(struct state *state, struct node_facts *facts)
{
	size_t permissions = facts->nr_permissions * sizeof(*facts->permissions);

	facts->name = state_blob(state, facts->name, &facts->name_length, PATH_BYTES);
	facts->value = state_blob(state, facts->value, &facts->value_length, VALUE_MAX);
	facts->permissions = state_blob(state, facts->permissions, &permissions,
					PERMISSIONS_MAX * sizeof(*facts->permissions));
	facts->nr_permissions = (unsigned int)(permissions / sizeof(*facts->permissions));
	state_u64(state, &facts->generation);
	if (!facts->nr_permissions)
		state_refuse(state, "a node of the store has no owner");
}

/* Look-ups count on it. */
static bool are_in_order(struct node *const *children, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (!*children[i]->name || strchr(children[i]->name, '/') ||
		    (i && strcmp(children[i - 1]->name, children[i]->name) >= 0))
			return false;
	return true;
}

/* How many children came, each with a reference of ours. */
static unsigned int carry_children(struct node_book *book, const struct node *node,
				   struct node **children, unsigned int nr, unsigned int depth)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct node *child = carry(book, node ? node->children[i] : NULL, depth + 1);

		if (!child)
			return i;
		if (children)
			children[i] = child;
	}
	return nr;
}

static struct node *restore_body(struct node_book *book, const struct node_facts *facts,
				 unsigned int nr, unsigned int depth)
{
	struct node **children = calloc(nr + 1u, sizeof(*children)), *node = NULL;
	unsigned int came = 0;

	if (!children)
		state_refuse(book->state, "out of memory");
	else
		came = carry_children(book, NULL, children, nr, depth);
	if (!book->state->fault && !are_in_order(children, nr))
		state_refuse(book->state, "the children of a node are not in order");
	if (!book->state->fault)
		node = node_create(facts, children, nr);
	while (came)
		node_put(children[--came]);
	free(children);
	return node;
}

/* A node that was not seen before: it is numbered after all below it. */
static struct node *carry_new(struct node_book *book, struct node *node, unsigned int depth)
{
	struct state *state = book->state;
	struct node_facts facts = { 0 };
	unsigned int nr = node ? node->nr_children : 0;
	size_t mark;

	if (node)
		facts = node_facts(node);
	mark = state_open(state, RECORD_NODE);
	carry_facts(state, &facts);
	nr = (unsigned int)state_number(state, nr, CHILDREN_MAX);
	if (state->restores && nr > state->end - state->at)
		state_refuse(state, "a node of the store has more children than can be");
	if (state->fault)
		return NULL;
	if (state->restores)
		node = restore_body(book, &facts, nr, depth);
	else
		carry_children(book, node, NULL, nr, depth);
	state_close(state, mark);
	if (!node || state->fault) {
		if (state->restores)
			node_put(node);
		state_refuse(state, "out of memory");
		return NULL;
	}
	if (state->restores)
		note_restored(book, node);
	else
		note_saved(book, node);
	return node;
}

static struct node *carry(struct node_book *book, struct node *node, unsigned int depth)
{
	uint64_t number = number_of(book, node);

	if (depth > DEPTH_MAX)
		state_refuse(book->state, "the store's tree is deeper than can be");
	number = state_number(book->state, number, book->nr);
	if (book->state->fault)
		return NULL;
	if (number == book->nr)
		return carry_new(book, node, depth);
	return book->state->restores ? node_get(book->nodes[number]) : node;
}

struct node *node_carry(struct node_book *book, struct node *node)
{
	return carry(book, node, 0);
}
