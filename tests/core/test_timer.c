/* SPDX-License-Identifier: BSD-2-Clause */
/* core/timer.c. */
#include "core/machine.h"
#include "tests/fake.h"
#include "tests/unit.h"

static struct machine machine; /* only its clock and timers are used */
static struct timer timers[6];
static char fired[64];

static void fire(struct machine *m, struct timer *t)
{
	(void)m;
	assert_false(t->armed);
	strcat(fired, t->ctx);
}

static void run_at(uint64_t now_us)
{
	fired[0] = 0;
	machine.now_us = now_us;
	timer_run(&machine);
}

static int setup(void **state)
{
	static char names[] = "a\0b\0c\0d\0e\0f";

	(void)state;
	memset(&machine, 0, sizeof(machine));
	for (unsigned i = 0; i < 6; i++)
		timer_init(&timers[i], fire, &names[2 * i]);
	return 0;
}

static void test_order(void **state)
{
	struct machine *m = &machine;

	(void)state;
	assert_int_equal(timer_next(m), TIME_NEVER);
	m->now_us = 1000;
	timer_start(m, &timers[0], 30);
	timer_start(m, &timers[1], 10);
	timer_start(m, &timers[2], 20);
	timer_start(m, &timers[3], 10); /* same moment: first come, first served */
	timer_start(m, &timers[4], 5);
	timer_start(m, &timers[4], 40); /* rearmed */
	assert_int_equal(timer_next(m), 1010);
	run_at(1009);
	assert_string_equal(fired, "");
	run_at(1020);
	assert_string_equal(fired, "bdc");
	assert_int_equal(timer_next(m), 1030);
	timer_stop(m, &timers[0]);
	timer_stop(m, &timers[0]);
	run_at(UINT64_MAX - 1);
	assert_string_equal(fired, "e");
	assert_int_equal(timer_next(m), TIME_NEVER);
}

static void test_never(void **state)
{
	(void)state;
	machine.now_us = 1000;
	timer_start(&machine, &timers[0], TIME_NEVER);
	timer_start(&machine, &timers[1], TIME_NEVER - 999);
	run_at(UINT64_MAX - 1);
	assert_string_equal(fired, "");
	assert_int_equal(timer_next(&machine), TIME_NEVER);
}

static void fire_again(struct machine *m, struct timer *t)
{
	strcat(fired, t->ctx);
	timer_start(m, t, 0);
}

/* One that rearms itself without delay fires once a turn, in each turn. */
static void test_no_delay(void **state)
{
	(void)state;
	timers[0].fire = fire_again;
	machine.now_us = 50;
	timer_start(&machine, &timers[0], 0);
	run_at(51);
	assert_string_equal(fired, "a");
	assert_int_equal(timer_next(&machine), 52);
	run_at(60);
	assert_string_equal(fired, "a");
}

static void fire_stop(struct machine *m, struct timer *t)
{
	strcat(fired, t->ctx);
	timer_stop(m, &timers[1]);
	timer_stop(m, &timers[3]);
}

/* What fires may stop others that are due in the same turn. */
static void test_stop_inside(void **state)
{
	(void)state;
	timers[0].fire = fire_stop;
	for (unsigned i = 0; i < 5; i++)
		timer_start(&machine, &timers[i], i + 1);
	run_at(100);
	assert_string_equal(fired, "ace");
}

static void test_random(void **state)
{
	bool armed[6] = {false};
	uint64_t due[6] = {0}, seed = 5, now = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		unsigned i = fake_random(&seed) % 6;
		uint64_t next = TIME_NEVER;

		machine.now_us = now;
		if (fake_random(&seed) % 4) {
			uint64_t delay = 1 + fake_random(&seed) % 50;

			timer_start(&machine, &timers[i], delay);
			armed[i] = true;
			due[i] = now + delay;
		} else {
			timer_stop(&machine, &timers[i]);
			armed[i] = false;
		}
		now += fake_random(&seed) % 20;
		run_at(now);
		for (i = 0; i < 6; i++) {
			bool fires = armed[i] && due[i] <= now;

			assert_int_equal(strchr(fired, 'a' + (int)i) != NULL, fires);
			armed[i] &= !fires;
			assert_int_equal(timers[i].armed, armed[i]);
			if (armed[i] && due[i] < next)
				next = due[i];
		}
		assert_int_equal(timer_next(&machine), next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order, setup),
		cmocka_unit_test_setup(test_never, setup),
		cmocka_unit_test_setup(test_no_delay, setup),
		cmocka_unit_test_setup(test_stop_inside, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
