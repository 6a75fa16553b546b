/* SPDX-License-Identifier: BSD-2-Clause */
/* core/task.c: rows, tries, waits and their jitter, and when done() comes. */
#include "core/machine.h"
#include "core/task.h"
#include "tests/fake.h"
#include "tests/unit.h"

static struct fake fake;
static struct machine machine;
static struct task task;
static char story[256]; /* what was called, one word each */
static int enter_result, event_result, expire_result;

static void tell(const char *word)
{
	strcat(story, word);
	strcat(story, " ");
}

static int enter_a(struct machine *m, struct task *t)
{
	(void)m;
	(void)t;
	tell("a");
	return enter_result;
}

static int enter_b(struct machine *m, struct task *t)
{
	(void)m;
	(void)t;
	tell("b");
	return 0;
}

static int event(struct machine *m, struct task *t, const void *ev)
{
	(void)m;
	(void)t;
	tell(ev);
	return event_result;
}

static int expire(struct machine *m, struct task *t)
{
	(void)m;
	(void)t;
	tell("expire");
	return expire_result;
}

static void done(struct machine *m, struct task *t, int result)
{
	char text[32];

	(void)m;
	assert_false(t->running);
	snprintf(text, sizeof(text), "done:%d", result);
	tell(text);
}

enum { ROW_A, ROW_B, ROW_C, ROW_EMPTY };

static const struct step steps[] = {
	[ROW_A] = {"ask", enter_a, event, NULL, 100, 400, 4, ERR_TFTP_TIMEOUT},
	[ROW_B] = {"tell", enter_b, NULL, expire, 50, 0, 1, 0},
	[ROW_C] = {"forever", enter_b, event, NULL, 10, 0, 0, 0},
	[ROW_EMPTY] = {"pause", NULL, NULL, NULL, 20, 0, 1, ERR_CANCELLED},
};

static int setup(void **state)
{
	(void)state;
	fake_init(&fake, 16 << 20);
	story[0] = 0;
	enter_result = event_result = expire_result = 0;
	task_init(&task, steps, ROWS(steps), done, NULL);
	return machine_init(&machine, NULL, &fake_platform, &fake, &fake_config);
}

static int teardown(void **state)
{
	(void)state;
	fake_end(&fake);
	return 0;
}

/* Runs the machine for us microseconds and gives what happened. */
static const char *after(uint64_t us)
{
	story[0] = 0;
	fake_run(&fake, &machine, us);
	return story;
}

static void test_tries(void **state)
{
	uint64_t wait[] = {100, 200, 400, 400};

	(void)state;
	task_start(&machine, &task, ROW_A);
	assert_string_equal(story, "a ");
	assert_string_equal(task_step_name(&task), "ask");
	for (unsigned i = 0; i < ROWS(wait); i++) {
		assert_string_equal(after(wait[i] * 750 - 2), ""); /* a quarter less at most */
		after(wait[i] * 500 + 4);			   /* and a quarter more */
		assert_string_equal(story, i + 1 < ROWS(wait) ? "a " : "done:-4001 ");
		if (i + 1 == ROWS(wait))
			break;
		/* From here on by the deadline itself, so that errors do not add up. */
		machine.now_us = fake.now_us;
		task_extend(&machine, &task);
	}
	assert_int_equal(timer_next(&machine), TIME_NEVER);
	assert_false(task.running);
}

/* Waits fill the whole range of a quarter either way, evenly enough that nodes drift apart. */
static void test_jitter(void **state)
{
	unsigned part[10] = {0};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		uint64_t wait;

		story[0] = 0;
		task_start(&machine, &task, ROW_A);
		wait = timer_next(&machine) - machine.now_us;
		assert_in_range(wait, 75000, 125000);
		part[(wait - 75000) / 5001]++;
		task_cancel(&machine, &task);
	}
	for (unsigned i = 0; i < 10; i++)
		assert_in_range(part[i], 800, 1200);
}

static void test_event(void **state)
{
	(void)state;
	task_event(&machine, &task, "early"); /* not started: nothing */
	task_start(&machine, &task, ROW_A);
	event_result = STEP_STAY;
	task_event(&machine, &task, "no");
	event_result = STEP_TO(ROW_B);
	task_event(&machine, &task, "yes");
	task_event(&machine, &task, "deaf"); /* row B has no event() */
	assert_string_equal(story, "a no yes b ");
	assert_string_equal(task_step_name(&task), "tell");
	expire_result = STEP_DONE;
	assert_string_equal(after(1000000), "expire done:0 ");
	task_event(&machine, &task, "late");
	assert_string_equal(story, "expire done:0 ");
}

/* done() comes in the next turn, not from inside task_event(), and nothing more is heard until
 * then. */
static void test_done_later(void **state)
{
	(void)state;
	task_start(&machine, &task, ROW_A);
	event_result = STEP_DONE;
	task_event(&machine, &task, "ok");
	assert_string_equal(story, "a ok ");
	assert_false(task.running);
	task_event(&machine, &task, "more");
	task_extend(&machine, &task);
	assert_string_equal(after(1000000), "done:0 ");
}

static void test_errors(void **state)
{
	(void)state;
	enter_result = -ERR_NO_ROUTE;
	task_start(&machine, &task, ROW_A);
	assert_string_equal(story, "a ");
	assert_string_equal(after(1000000), "done:-3002 ");
	enter_result = 0;
	task_start(&machine, &task, ROW_A);
	event_result = -ERR_DHCP_NAK;
	task_event(&machine, &task, "nak");
	assert_string_equal(after(1000000), "done:-2002 ");
	task_start(&machine, &task, ROW_EMPTY);
	assert_string_equal(after(1000000), "done:-4009 ");
}

static void test_expire(void **state)
{
	(void)state;
	expire_result = STEP_STAY;
	task_start(&machine, &task, ROW_B);
	assert_string_equal(after(65000), "expire "); /* and waits as long again */
	expire_result = STEP_TO(ROW_A);
	assert_string_equal(after(65000), "expire a ");
	expire_result = -ERR_CANCELLED;
	task_start(&machine, &task, ROW_B);
	assert_string_equal(after(65000), "expire done:-4009 ");
	task_start(&machine, &task, ROWS(steps)); /* behind the last row */
	assert_string_equal(story, "expire done:-4009 ");
	assert_string_equal(after(10), "done:0 ");
}

static void test_cancel(void **state)
{
	(void)state;
	task_start(&machine, &task, ROW_A);
	task_cancel(&machine, &task);
	task_cancel(&machine, &task);
	assert_string_equal(after(10000000), "");
	/* Also between the end and done(). */
	task_start(&machine, &task, ROW_A);
	event_result = STEP_DONE;
	task_event(&machine, &task, "ok");
	task_cancel(&machine, &task);
	assert_string_equal(after(10000000), "");
}

static void test_forever(void **state)
{
	unsigned asked = 0;

	(void)state;
	task_start(&machine, &task, ROW_C);
	for (unsigned i = 0; i < 10; i++)
		for (const char *p = after(100000); *p; p++)
			asked += *p == 'b';
	assert_in_range(asked, 80, 134); /* 10 ms a quarter either way, a second long */
	assert_true(task.running);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jitter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_event, setup, teardown),
		cmocka_unit_test_setup_teardown(test_done_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expire, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forever, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
