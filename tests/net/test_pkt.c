/* SPDX-License-Identifier: BSD-2-Clause */
/* net/pkt.c: the pool balances and packets keep within their buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "net/pkt.h"

static _Alignas(64) uint8_t buffers[PKT_MAX * PKT_SIZE];
static struct pkt_pool pool;

static void pool_balances(void **state)
{
	struct pkt *all[PKT_MAX];

	(void)state;
	pkt_pool_init(&pool, buffers);
	assert_int_equal(pool.nfree, PKT_MAX);
	for (unsigned i = 0; i < PKT_MAX; i++) {
		all[i] = pkt_alloc(&pool);
		assert_non_null(all[i]);
		assert_int_equal((uintptr_t)all[i]->buf % 64, 0);
		assert_true(all[i]->buf >= buffers &&
			    all[i]->buf + PKT_SIZE <= buffers + sizeof(buffers));
		if (i)
			assert_ptr_not_equal(all[i]->buf, all[i - 1]->buf);
		all[i]->len = 9;
		all[i]->csum_ok = true;
	}
	assert_int_equal(pool.nfree, 0);
	assert_int_equal(pool.empty, 0);
	assert_null(pkt_alloc(&pool));
	assert_int_equal(pool.empty, 1);
	pkt_free(&pool, all[5]);
	assert_ptr_equal(pkt_alloc(&pool), all[5]); /* warm first */
	assert_int_equal(all[5]->len, 0);
	assert_false(all[5]->csum_ok);
	assert_ptr_equal(all[5]->data, all[5]->buf + PKT_HEADROOM);
	for (unsigned i = 0; i < PKT_MAX; i++)
		pkt_free(&pool, all[i]);
	assert_int_equal(pool.nfree, PKT_MAX);
}

static void double_free_is_harmless(void **state)
{
	struct pkt *a, *b;

	(void)state;
	pkt_pool_init(&pool, buffers);
	a = pkt_alloc(&pool);
	pkt_free(&pool, a);
	pkt_free(&pool, a);
	assert_int_equal(pool.freed_twice, 1);
	assert_int_equal(pool.nfree, PKT_MAX);
	a = pkt_alloc(&pool);
	b = pkt_alloc(&pool);
	assert_ptr_not_equal(a, b);
}

/* A chain of n packets, each of its number of bytes. */
static struct pkt *chain(unsigned n)
{
	struct pkt *head = NULL, **at = &head;

	for (unsigned i = 0; i < n; i++, at = &(*at)->more) {
		*at = pkt_alloc(&pool);
		assert_non_null(*at);
		assert_null((*at)->more);
		(*at)->len = i + 1;
	}
	return head;
}

static void chains_are_freed_whole(void **state)
{
	struct pkt *p;

	(void)state;
	pkt_pool_init(&pool, buffers);
	for (unsigned n = 1; n <= PKT_CHAIN_MAX; n++) {
		p = chain(n);
		assert_int_equal(pool.nfree, PKT_MAX - n);
		assert_int_equal(p->len + pkt_more(p), n * (n + 1) / 2);
		pkt_free(&pool, p);
		assert_int_equal(pool.nfree, PKT_MAX);
		assert_int_equal(pool.freed_twice, 0);
	}
	assert_null(pkt_alloc(&pool)->more);
}

/* Twice, or bitten in its own tail: counted, and the pool is whole. */
static void broken_chains_are_harmless(void **state)
{
	struct pkt *p;

	(void)state;
	pkt_pool_init(&pool, buffers);
	p = chain(3);
	pkt_free(&pool, p->more);
	pkt_free(&pool, p);
	assert_int_equal(pool.freed_twice, 1);
	assert_int_equal(pool.nfree, PKT_MAX);
	p = chain(3);
	p->more->more->more = p;
	pkt_free(&pool, p);
	assert_int_equal(pool.freed_twice, 2);
	assert_int_equal(pool.nfree, PKT_MAX);
	p = chain(PKT_MAX); /* each packet once */
	assert_null(pkt_alloc(&pool));
	pkt_free(&pool, p);
}

static void data_stays_in_the_buffer(void **state)
{
	struct pkt *p;
	uint8_t *at;

	(void)state;
	pkt_pool_init(&pool, buffers);
	p = pkt_alloc(&pool);
	at = pkt_put(p, 100);
	assert_ptr_equal(at, p->buf + PKT_HEADROOM);
	assert_int_equal(p->len, 100);
	assert_ptr_equal(pkt_push(p, PKT_HEADROOM), p->buf);
	assert_int_equal(p->len, 100 + PKT_HEADROOM);
	assert_null(pkt_push(p, 1));
	assert_null(pkt_push(p, SIZE_MAX));
	assert_int_equal(p->len, 100 + PKT_HEADROOM);
	assert_true(pkt_pull(p, PKT_HEADROOM));
	assert_ptr_equal(p->data, at);
	assert_false(pkt_pull(p, 101));
	assert_int_equal(p->len, 100);
	assert_null(pkt_put(p, PKT_SIZE - PKT_HEADROOM - 100 + 1));
	assert_null(pkt_put(p, SIZE_MAX));
	assert_ptr_equal(pkt_put(p, PKT_SIZE - PKT_HEADROOM - 100), at + 100);
	assert_null(pkt_put(p, 1));
	assert_non_null(pkt_put(p, 0));
	assert_true(pkt_pull(p, p->len));
	assert_int_equal(p->len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pool_balances),
		cmocka_unit_test(double_free_is_harmless),
		cmocka_unit_test(chains_are_freed_whole),
		cmocka_unit_test(broken_chains_are_harmless),
		cmocka_unit_test(data_stays_in_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
