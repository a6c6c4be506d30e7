#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/tree.h"

static struct node *make(const char *name, const char *value, uint16_t owner)
{
	const struct permission permission = { .domid = owner };
	const struct node_facts facts = {
		.name = name,
		.name_length = strlen(name),
		.value = value,
		.value_length = strlen(value),
		.permissions = &permission,
		.nr_permissions = 1,
		.generation = 7,
	};
	struct node *node = node_create(&facts, NULL, 0);

	assert_non_null(node);
	return node;
}

/* Puts a leaf into the tree as it stands. */
static void put(struct tree *tree, const char *path, const char *value, uint16_t owner)
{
	struct node *leaf = make(strrchr(path, '/') + 1, value, owner);
	struct node *root = tree_put(tree->root, path, leaf, ++tree->generation);

	assert_non_null(root);
	node_put(leaf);
	tree_adopt(tree, root);
}

static void check_value(struct node *root, const char *path, const char *value)
{
	const struct node *node = tree_find(root, path);

	assert_non_null(node);
	assert_int_equal(node->value_length, strlen(value));
	assert_memory_equal(node->value, value, strlen(value));
}

static struct tree *example(void)
{
	struct tree *tree = tree_create();

	assert_non_null(tree);
	put(tree, "/b", "B", 0);
	put(tree, "/a", "A", 5);
	put(tree, "/a/x", "X", 5);
	put(tree, "/a/xy", "XY", 6);
	put(tree, "/a/w", "W", 5);
	return tree;
}

static void test_find(void **state)
{
	static const char *const missing[] = { "/c", "/a/z", "/a/x/y", "/ab", "/aa", "/A" };
	struct tree *tree = example();
	size_t length;

	(void)state;
	check_value(tree->root, "/", "");
	check_value(tree->root, "/b", "B");
	check_value(tree->root, "/a/xy", "XY");
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		assert_null(tree_find(tree->root, missing[i]));
	assert_string_equal(tree_find_nearest(tree->root, "/a/x/y/z", &length)->name, "x");
	assert_int_equal(length, 4);
	assert_ptr_equal(tree_find_nearest(tree->root, "/none", &length), tree->root);
	assert_int_equal(length, 0);
	tree_destroy(tree);
}

static void test_children_are_sorted(void **state)
{
	struct tree *tree = example();
	const struct node *node = tree_find(tree->root, "/a");

	(void)state;
	assert_int_equal(node->nr_children, 3);
	assert_string_equal(node->children[0]->name, "w");
	assert_string_equal(node->children[1]->name, "x");
	assert_string_equal(node->children[2]->name, "xy");
	tree_destroy(tree);
}

static void test_a_snapshot_does_not_change(void **state)
{
	struct tree *tree = example();
	struct node *snapshot = node_get(tree->root);
	struct node *root;

	(void)state;
	put(tree, "/a/x", "new", 5);
	put(tree, "/a/new", "N", 5);
	root = tree_cut(tree->root, "/a/w", 99);
	assert_non_null(root);
	tree_adopt(tree, root);
	check_value(snapshot, "/a/x", "X");
	check_value(snapshot, "/a/w", "W");
	assert_null(tree_find(snapshot, "/a/new"));
	check_value(tree->root, "/a/x", "new");
	assert_null(tree_find(tree->root, "/a/w"));
	node_put(snapshot);
	tree_destroy(tree);
}

static void test_what_did_not_change_is_shared(void **state)
{
	struct tree *tree = example();
	struct node *snapshot = node_get(tree->root);

	(void)state;
	put(tree, "/a/x", "new", 5);
	assert_ptr_equal(tree_find(snapshot, "/b"), tree_find(tree->root, "/b"));
	assert_ptr_equal(tree_find(snapshot, "/a/w"), tree_find(tree->root, "/a/w"));
	assert_ptr_not_equal(tree_find(snapshot, "/a"), tree_find(tree->root, "/a"));
	node_put(snapshot);
	tree_destroy(tree);
}

static void test_generations(void **state)
{
	struct tree *tree = example();
	uint64_t of_a = tree_find(tree->root, "/a")->generation;
	struct node *root;

	(void)state;
	put(tree, "/a/x", "again", 5);
	assert_int_equal(tree_find(tree->root, "/a")->generation, of_a);
	put(tree, "/a/more", "", 5);
	assert_int_equal(tree_find(tree->root, "/a")->generation, tree->generation);
	root = tree_cut(tree->root, "/a/more", 1234);
	assert_int_equal(tree_find(root, "/a")->generation, 1234);
	assert_int_equal(root->generation, tree->root->generation);
	node_put(root);
	tree_destroy(tree);
}

static void test_owners_are_counted(void **state)
{
	struct tree *tree = example();
	struct node *root;

	(void)state;
	assert_int_equal(tree->owned[0], 2);
	assert_int_equal(tree->owned[5], 3);
	assert_int_equal(tree->owned[6], 1);
	put(tree, "/a/x", "changes hands", 6);
	assert_int_equal(tree->owned[5], 2);
	assert_int_equal(tree->owned[6], 2);
	root = tree_cut(tree->root, "/a", 9);
	assert_int_equal(tree_owned_more(tree->root, root, 5), -2);
	assert_int_equal(tree_owned_more(root, tree->root, 6), 2);
	tree_adopt(tree, root);
	assert_int_equal(tree->owned[5], 0);
	assert_int_equal(tree->owned[6], 0);
	assert_int_equal(tree->owned[0], 2);
	tree_destroy(tree);
}

static void test_node_bytes(void **state)
{
	struct tree *tree = example();

	(void)state;
	assert_int_equal(node_bytes(tree_find(tree->root, "/a/xy")), 2 + 8);
	assert_int_equal(node_bytes(tree_find(tree->root, "/a")), 1 + 8 + 2 + 2 + 3);
	tree_destroy(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_children_are_sorted),
		cmocka_unit_test(test_a_snapshot_does_not_change),
		cmocka_unit_test(test_what_did_not_change_is_shared),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_owners_are_counted),
		cmocka_unit_test(test_node_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
