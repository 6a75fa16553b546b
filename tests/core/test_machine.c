/* SPDX-License-Identifier: BSD-2-Clause */
/* core/machine.c: services, deadlines, coming back from a boot, random numbers. */
#include "core/machine.h"
#include "tests/fake.h"
#include "tests/unit.h"

static struct fake fake;
static struct machine machine;
static char story[128];
static int init_b_result;
static uint64_t poll_a_result, poll_b_result;

static int init_a(struct machine *m)
{
	(void)m;
	strcat(story, "+a");
	return 0;
}

static int init_b(struct machine *m)
{
	(void)m;
	strcat(story, "+b");
	return init_b_result;
}

static uint64_t poll_a(struct machine *m)
{
	(void)m;
	strcat(story, "a");
	return poll_a_result;
}

static uint64_t poll_b(struct machine *m)
{
	(void)m;
	strcat(story, "b");
	return poll_b_result;
}

static void end_a(struct machine *m)
{
	(void)m;
	strcat(story, "-a");
}

static void end_b(struct machine *m)
{
	(void)m;
	strcat(story, "-b");
}

static const struct service service_a = {"a", init_a, poll_a, end_a, false};
static const struct service service_plain = {"plain", NULL, poll_a, NULL, false};
static const struct service service_b = {"b", init_b, poll_b, end_b, true};
static const struct service *const services[] = {
	&service_a,
	&service_plain,
	&service_b,
	NULL,
};

static int start(void)
{
	static struct config config;

	config = fake_config;
	config.services = services;
	story[0] = 0;
	return machine_init(&machine, NULL, &fake_platform, &fake, &config);
}

static int setup(void **state)
{
	(void)state;
	init_b_result = 0;
	poll_a_result = poll_b_result = TIME_NEVER;
	fake_init(&fake, 16 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_end(&fake);
	return 0;
}

static void test_services(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	assert_string_equal(story, "+a+b");
	machine_poll(&machine);
	machine_end(&machine);
	assert_string_equal(story, "+a+baab-b-a");
}

static void test_init_fails(void **state)
{
	(void)state;
	init_b_result = -ERR_NO_NETDEV;
	assert_int_equal(start(), -ERR_NO_NETDEV);
	assert_string_equal(story, "+a+b-a"); /* b did not start, so it is not ended */
}

static void nothing(struct machine *m, struct timer *t)
{
	(void)m;
	(void)t;
}

static void test_deadline(void **state)
{
	struct timer timer;

	(void)state;
	fake.now_us = 500;
	assert_int_equal(start(), 0);
	assert_int_equal(machine.now_us, 500);
	assert_int_equal(machine_poll(&machine), TIME_NEVER);
	poll_a_result = 900;
	poll_b_result = 800;
	assert_int_equal(machine_poll(&machine), 800);
	timer_init(&timer, nothing, NULL);
	timer_start(&machine, &timer, 100);
	assert_int_equal(machine_poll(&machine), 600);
	/* The timer may have given a service something to do: one more turn at once. */
	fake.now_us = 700;
	assert_int_equal(machine_poll(&machine), 700);
	assert_false(timer.armed);
	assert_int_equal(machine_poll(&machine), 800);
}

static bool is_later(void *ctx)
{
	return fake.now_us >= *(const uint64_t *)ctx;
}

/* A payload waits: only what works in the background has turns, and timers. */
static void test_wait(void **state)
{
	struct timer timer;
	uint64_t when = 3000;

	(void)state;
	assert_int_equal(start(), 0);
	story[0] = 0;
	timer_init(&timer, nothing, NULL);
	timer_start(&machine, &timer, 1000);
	assert_false(machine_wait(&machine, is_later, &when, 2000));
	assert_int_equal(fake.now_us, 2000);
	assert_false(timer.armed);
	assert_string_equal(story, "bbbb"); /* 0; 1000, the timer; again at once; 2000 */
	assert_true(machine_wait(&machine, is_later, &when, 3000));
	assert_true(machine_wait(&machine, is_later, &when, 0)); /* it is so already */
	assert_int_equal(fake.now_us, 3000);
}

static void test_resume(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	machine.boot.kind = BOOT_LINUX;
	machine_end(&machine);
	assert_int_equal(machine_resume(&machine, -ERR_NO_POWEROFF), 0);
	assert_string_equal(story, "+a+b-b-a+a+b");
	assert_int_equal(machine.boot.kind, BOOT_NONE);
	assert_int_equal(machine.script.status, -ERR_NO_POWEROFF);
	/* Success is none here: what was started should not have come back. */
	assert_int_equal(machine_resume(&machine, 0), 0);
	assert_int_equal(machine.script.status, -ERR_BOOT_FAILED);
	assert_int_equal(machine.err.code, ERR_BOOT_FAILED);
}

/* Everything has stayed open, and to come back is no failure. */
static void test_return(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	machine.boot.kind = BOOT_NBP;
	fake.now_us = 77;
	machine_return(&machine, 0);
	assert_string_equal(story, "+a+b");
	assert_int_equal(machine.boot.kind, BOOT_NONE);
	assert_int_equal(machine.script.status, 0);
	assert_int_equal(machine.now_us, 77);
	assert_int_equal(machine.err.code, 0);
	err_set(&machine, ERR_TFTP_NOT_FOUND, "what a call has asked for");
	machine_return(&machine, 5);
	assert_int_equal(machine.script.status, -ERR_BOOT_FAILED);
	assert_int_equal(machine.err.code, ERR_BOOT_FAILED);
	machine_return(&machine, -ERR_NO_NETDEV);
	assert_int_equal(machine.script.status, -ERR_NO_NETDEV);
}

static void test_random(void **state)
{
	unsigned count[7] = {0};
	uint32_t first, ones = 0;

	(void)state;
	assert_int_equal(start(), 0);
	first = rng_u32(&machine);
	for (int i = 0; i < 70000; i++) {
		uint32_t v = rng_below(&machine, 7);

		assert_in_range(v, 0, 6);
		count[v]++;
		assert_int_equal(rng_below(&machine, 1), 0);
		assert_true(rng_below(&machine, UINT32_MAX) < UINT32_MAX);
	}
	for (unsigned i = 0; i < 7; i++)
		assert_in_range(count[i], 9500, 10500);
	for (int i = 0; i < 1000; i++)
		ones += (uint32_t)__builtin_popcount(rng_u32(&machine));
	assert_in_range(ones, 15500, 16500);
	/* What one number was does not tell what others are: that takes the key. */
	machine.rng.count[0]--;
	first = rng_u32(&machine);
	for (unsigned i = 0; i < 64; i++) {
		machine.rng.key[i / 32] ^= 1u << i % 32;
		machine.rng.count[0]--;
		assert_int_not_equal(rng_u32(&machine), first);
	}
	/* Another machine, another seed. */
	assert_int_equal(start(), 0);
	assert_int_not_equal(rng_u32(&machine), first);
	assert_int_equal(machine.rng.grade, ENTROPY_JITTER);
}

/* A platform without any entropy gives poor numbers, not one number for ever. */
static void test_no_entropy(void **state)
{
	uint32_t first;

	(void)state;
	fake.seed = 0;
	fake.grade = ENTROPY_NONE;
	assert_int_equal(start(), 0);
	assert_int_equal(machine.rng.grade, ENTROPY_NONE);
	first = rng_u32(&machine);
	assert_int_not_equal(first, 0);
	assert_int_not_equal(rng_u32(&machine), first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_services, setup, teardown),
		cmocka_unit_test_setup_teardown(test_init_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume, setup, teardown),
		cmocka_unit_test_setup_teardown(test_return, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_entropy, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
