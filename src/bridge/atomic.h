/*
 * Words that one thread writes at a time (under a lock, or because it alone
 * may) while others read them without one.
 *
 * What is written before a release is there for whoever reads the word with
 * acquire. The partners are threads of this process; those in another address
 * space have ring/barrier.h.
 */
#ifndef BRIDGE_ATOMIC_H
#define BRIDGE_ATOMIC_H

#include <stdint.h>

static inline uint64_t atomic_read(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void atomic_write(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void *atomic_read_pointer(void *const *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void atomic_write_pointer(void **word, void *pointer)
{
	__atomic_store_n(word, pointer, __ATOMIC_RELEASE);
}

/* Numbers that stand for themselves: no order. */
static inline uint32_t atomic_peek(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void atomic_poke(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

#endif
