/* What cmocka wants included before itself, in its order. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* Zeroes, where a cache line begins: the types of the data path count on it.
 * To be given to free(). */
static inline void *lines_alloc(size_t bytes)
{
	size_t whole = (bytes + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, whole);

	assert_non_null(memory);
	return memset(memory, 0, whole);
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
