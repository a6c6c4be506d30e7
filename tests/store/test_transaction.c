#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/merge.h"

/* Runs `body` as a direct transaction of domain 0 and adopts what it did. */
static void direct(struct tree *tree, const char *operation, const char *path)
{
	struct transaction transaction;
	struct node *root;

	transaction_init(&transaction, tree, (struct subject){ .domid = 0 }, true);
	if (!strcmp(operation, "write"))
		assert_int_equal(transaction_write(&transaction, path, "x", 1), 0);
	else
		assert_int_equal(transaction_remove(&transaction, path), 0);
	assert_int_equal(merge_transaction(&transaction, &root), 0);
	tree_adopt(tree, root);
	transaction_fini(&transaction);
}

static struct tree *example(void)
{
	struct tree *tree = tree_create();

	assert_non_null(tree);
	direct(tree, "write", "/a/b/c");
	direct(tree, "write", "/d");
	return tree;
}

/* What one transaction does, what happens beside it, how it ends. */
static void test_conflicts(void **state)
{
	static const struct {
		const char *name;
		const char *ours, *our_path;
		const char *theirs, *their_path;
		int rc;
	} cases[] = {
		{ "nothing beside", "write", "/a", NULL, NULL, 0 },
		{ "read, written", "read", "/a/b", "write", "/a/b", -11 },
		{ "read, written below", "read", "/a/b", "write", "/a/b/c", 0 },
		{ "read, a child made", "read", "/a/b", "write", "/a/b/new", -11 },
		{ "read, a child removed", "read", "/a/b", "remove", "/a/b/c", -11 },
		{ "read, removed above", "read", "/a/b", "remove", "/a", -11 },
		{ "missing, made", "read", "/new", "write", "/new", -11 },
		{ "missing, made below", "read", "/new", "write", "/new/x", -11 },
		{ "missing, another made", "read", "/new", "write", "/other", 0 },
		{ "written, written", "write", "/d", "write", "/d", -11 },
		{ "written, removed", "write", "/d", "remove", "/d", -11 },
		{ "written, elsewhere", "write", "/d", "write", "/a/b", 0 },
		{ "made, made too", "write", "/new", "write", "/new", -11 },
		{ "made, a sibling made", "write", "/a/new", "write", "/a/other", -11 },
		{ "made, its parent removed", "write", "/a/b/new", "remove", "/a/b", -11 },
		{ "made deep, a parent of it made", "write", "/n/e/w", "write", "/n", -11 },
		{ "removed, written below", "remove", "/a", "write", "/a/b/c", -11 },
		{ "removed, removed below", "remove", "/a", "remove", "/a/b/c", -11 },
		{ "removed, elsewhere", "remove", "/a", "write", "/d", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tree *tree = example();
		struct transaction transaction;
		struct node *node, *root = NULL;

		print_message("%s\n", cases[i].name);
		transaction_init(&transaction, tree, (struct subject){ .domid = 0 }, false);
		if (!strcmp(cases[i].ours, "write"))
			assert_int_equal(transaction_write(&transaction, cases[i].our_path, "y", 1),
					 0);
		else if (!strcmp(cases[i].ours, "remove"))
			assert_int_equal(transaction_remove(&transaction, cases[i].our_path), 0);
		else
			transaction_find(&transaction, cases[i].our_path, PERMISSION_READ, &node);
		if (cases[i].theirs)
			direct(tree, cases[i].theirs, cases[i].their_path);
		assert_int_equal(merge_transaction(&transaction, &root), cases[i].rc);
		node_put(root);
		transaction_fini(&transaction);
		tree_destroy(tree);
	}
}

static void test_changes_are_noted_in_order(void **state)
{
	struct tree *tree = example();
	struct transaction transaction;
	const struct change *change;

	(void)state;
	transaction_init(&transaction, tree, (struct subject){ .domid = 0 }, false);
	assert_int_equal(transaction_write(&transaction, "/z/y", "1", 1), 0);
	assert_int_equal(transaction_mkdir(&transaction, "/z"), 0); /* is there: no change */
	assert_int_equal(transaction_remove(&transaction, "/a"), 0);
	assert_int_equal(transaction_remove(&transaction, "/none"), 0); /* no change */
	assert_int_equal(transaction_remove(&transaction, "/no/ne"), -2);
	change = transaction.changes;
	assert_string_equal(change->path, "/z/y");
	assert_false(change->removed);
	change = change->next;
	assert_string_equal(change->path, "/a");
	assert_true(change->removed);
	assert_null(change->next);
	transaction_fini(&transaction);
	tree_destroy(tree);
}

static void test_each_path_is_told_once(void **state)
{
	struct tree *tree = example();
	struct transaction transaction;
	unsigned int nr = 0;

	(void)state;
	transaction_init(&transaction, tree, (struct subject){ .domid = 0 }, false);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(transaction_write(&transaction, "/d", "1", 1), 0);
		assert_int_equal(transaction_write(&transaction, "/e/f", "1", 1), 0);
		assert_int_equal(transaction_remove(&transaction, "/e/f"), 0);
	}
	for (const struct change *change = transaction.changes; change; change = change->next)
		nr++;
	assert_int_equal(nr, 3);
	transaction_fini(&transaction);
	tree_destroy(tree);
}

static void test_a_doomed_one_never_commits(void **state)
{
	struct tree *tree = example();
	struct transaction transaction;
	struct node *root;

	(void)state;
	transaction_init(&transaction, tree, (struct subject){ .domid = 0 }, false);
	transaction.doomed = true;
	assert_int_equal(merge_transaction(&transaction, &root), -11);
	transaction_fini(&transaction);
	tree_destroy(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_changes_are_noted_in_order),
		cmocka_unit_test(test_each_path_is_told_once),
		cmocka_unit_test(test_a_doomed_one_never_commits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
