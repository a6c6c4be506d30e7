/*
 * Memory orders between address spaces, all of them. Nothing outside this header
 * names one, but for the relaxed single-writer counters of bridge/counters.h, and
 * what threads of one process share (bridge/atomic.h).
 *
 * Every use carries a letter that its partner in the other address space
 * carries too; docs/notification.md lists the letters.
 */
#ifndef RING_BARRIER_H
#define RING_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

static inline uint32_t load_acquire(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline uint32_t load_relaxed(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void store_release(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void store_relaxed(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* Orders an earlier store against a later load: the one thing that neither
 * acquire nor release gives, and that falling asleep needs. */
static inline void full_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* A cache line that the peer had last, and that we are about to write. NULL does no harm. */
static inline void prefetch_for_write(const void *at)
{
#ifdef __x86_64__ /* gcc's own asks for it as if to read, unless told of the processor */
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)at));
#else
	__builtin_prefetch(at, 1);
#endif
}

/* A number with one writer, which others look at. */
static inline void count_up(uint64_t *number, uint64_t n)
{
	__atomic_store_n(number, __atomic_load_n(number, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

/* Reads of peer-written memory before this point are not repeated after it:
 * a checked copy stays the copy that was checked. */
static inline void compiler_fence(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline uint16_t load_acquire_u16(const uint16_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void store_release_u16(uint16_t *word, uint16_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline uint64_t load_acquire_u64(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* True if *word was *expected and now is desired; else *expected is refreshed. */
static inline bool compare_and_swap_u16(uint16_t *word, uint16_t *expected, uint16_t desired)
{
	return __atomic_compare_exchange_n(word, expected, desired, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

#endif
