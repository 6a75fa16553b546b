/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A long or lossy way between two networks, for the lab and the bench: takes frames from each of
 * two descriptors and gives them to the other one, later, or never.
 *
 *	relay [OPTION...] FD FD
 *
 *	-d US		one-way delay, microseconds (0)
 *	-l PERCENT	chance that a frame is lost, each by itself (0)
 *	-r MBIT		rate of the way, 10^6 bit of frame a second; 0: unlimited (0)
 *	-q FRAMES	frames on the way at most, what comes then is lost as well (16384)
 *	-s SEED		of the dice (1): the same frames in the same order lose the same ones
 *
 * A value is for both directions, or AB,BA. On a descriptor one read is one frame and so is one
 * write: a tap, a packet socket, a datagram socket. They must give whole frames, no longer than
 * FRAME_MAX and with their checksums: a tap without IFF_VNET_HDR does, a veth has to have its
 * offloads switched off.
 *
 * Says "ready" once it relays. Ends with its standard input, and then says for each direction:
 * frames and bytes delivered, lost by the dice, lost because the way was full, too long for a
 * frame, refused by the descriptor, and how late the latest was (microseconds).
 *
 * Limits: order is kept; no duplicates, no corruption, no jitter. It sleeps to the microsecond, as
 * well as the kernel lets it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX 1522u /* 1500, a header and a VLAN tag */
#define QUEUE_MAX (1u << 20)
#define DELAY_MAX 60000000u
#define BATCH	  32 /* frames from one descriptor before the other has its turn */
#define NS	  1000000000u

struct frame {
	uint64_t due; /* when it leaves, ns */
	uint32_t n;
	uint8_t data[FRAME_MAX + 1]; /* one more than it may have shows that it has more */
};

/* One direction: a ring of frames in the order of their coming, which is that of their leaving. */
struct way {
	int from, to;
	uint64_t delay;	 /* ns */
	uint64_t chance; /* of 2^32 that a frame is lost */
	uint64_t mbit;
	uint64_t dice;
	uint64_t idle; /* when a way with a rate has sent all it has, ns */
	struct frame *ring, spare;
	uint32_t size, head, count;
	bool closed; /* the other end of from has gone */
	uint64_t frames, bytes, lost, full, giants, refused, late;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "relay: %s\n", what);
	exit(2);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

/* SplitMix64 (Steele, Lea, Flood 2014): 32 bits of it. */
static uint32_t dice_roll(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((x ^ x >> 31) >> 32);
}

/* When a frame that has come now may leave. */
static uint64_t way_due(struct way *w, uint32_t n, uint64_t now)
{
	uint64_t start = now;

	if (w->mbit) {
		start = (w->idle > now ? w->idle : now) + (uint64_t)n * 8000 / w->mbit;
		w->idle = start;
	}
	return start + w->delay;
}

/* Takes one frame from the descriptor; false when there is none. */
static bool way_take(struct way *w, uint64_t now)
{
	bool full = w->count == w->size;
	struct frame *f = full ? &w->spare : &w->ring[(w->head + w->count) % w->size];
	ssize_t n = read(w->from, f->data, sizeof(f->data));

	if (n <= 0) {
		w->closed = n == 0 || (errno != EAGAIN && errno != EINTR);
		return false;
	}
	if ((size_t)n > FRAME_MAX) {
		w->giants++;
	} else if (w->chance && dice_roll(&w->dice) < w->chance) {
		w->lost++;
	} else if (full) {
		w->full++;
	} else {
		f->n = (uint32_t)n;
		f->due = way_due(w, f->n, now);
		w->count++;
	}
	return true;
}

/* Delivers what is due. What the descriptor does not take is gone. */
static void way_give(struct way *w, uint64_t now)
{
	while (w->count && w->ring[w->head].due <= now) {
		struct frame *f = &w->ring[w->head];

		if (write(w->to, f->data, f->n) == (ssize_t)f->n) {
			w->frames++;
			w->bytes += f->n;
		} else {
			w->refused++;
		}
		if (now - f->due > w->late)
			w->late = now - f->due;
		w->head = (w->head + 1) % w->size;
		w->count--;
	}
}

static uint64_t way_next(const struct way *w)
{
	return w->count ? w->ring[w->head].due : UINT64_MAX;
}

static void sleep_until(struct pollfd *fds, nfds_t n, uint64_t due)
{
	uint64_t now = now_ns(), left = due > now ? due - now : 0;
	const struct timespec t = {.tv_sec = (time_t)(left / NS), .tv_nsec = (long)(left % NS)};

	if (ppoll(fds, n, due == UINT64_MAX ? NULL : &t, NULL) < 0)
		for (nfds_t i = 0; i < n; i++)
			fds[i].revents = 0;
}

/* Until standard input ends, as it does with the process that started us. */
static void relay(struct way *w)
{
	struct pollfd fds[3] = {
		{w[0].from, POLLIN, 0}, {w[1].from, POLLIN, 0}, {STDIN_FILENO, 0, 0}};

	while (!(fds[2].revents & (POLLHUP | POLLERR))) {
		uint64_t a = way_next(&w[0]), b = way_next(&w[1]);

		sleep_until(fds, 3, a < b ? a : b);
		for (int i = 0; i < 2; i++) {
			for (int k = 0; k < BATCH && fds[i].revents; k++)
				if (!way_take(&w[i], now_ns()))
					break;
			if (w[i].closed)
				fds[i].fd = -1;
			way_give(&w[i], now_ns());
		}
	}
}

static void report(const char *name, const struct way *w)
{
	printf("%s frames=%" PRIu64 " bytes=%" PRIu64 " lost=%" PRIu64 " full=%" PRIu64
	       " giants=%" PRIu64 " refused=%" PRIu64 " late=%" PRIu64 "\n",
		name, w->frames, w->bytes, w->lost, w->full, w->giants, w->refused, w->late / 1000);
}

/* VALUE or AB,BA, each of them at least 0 and at most max. */
static void pair(const char *text, double max, double *a, double *b)
{
	char *end;

	*a = *b = strtod(text, &end);
	if (end != text && *end == ',') {
		text = end + 1;
		*b = strtod(text, &end);
	}
	if (end == text || *end || !(*a >= 0 && *a <= max) || !(*b >= 0 && *b <= max))
		die("a number, or two with a comma between, in their bounds");
}

static void option(struct way *w, int letter, const char *text)
{
	double v[2];

	switch (letter) {
	case 'd':
		pair(text, DELAY_MAX, &v[0], &v[1]);
		for (int i = 0; i < 2; i++)
			w[i].delay = (uint64_t)(v[i] * 1000);
		break;
	case 'l':
		pair(text, 100, &v[0], &v[1]);
		for (int i = 0; i < 2; i++)
			w[i].chance = (uint64_t)(v[i] / 100 * 4294967296.0);
		break;
	case 'r':
		pair(text, 1e6, &v[0], &v[1]);
		for (int i = 0; i < 2; i++)
			w[i].mbit = (uint64_t)v[i];
		break;
	case 'q':
		pair(text, QUEUE_MAX, &v[0], &v[1]);
		for (int i = 0; i < 2; i++)
			w[i].size = (uint32_t)v[i];
		break;
	case 's':
		pair(text, UINT32_MAX, &v[0], &v[1]);
		for (int i = 0; i < 2; i++)
			w[i].dice = (uint64_t)v[i] << 1 | (uint64_t)i;
		break;
	default:
		die("usage: relay [-d US] [-l PERCENT] [-r MBIT] [-q FRAMES] [-s SEED] FD FD");
	}
}

static int descriptor(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);
	int flags = *text && !*end && fd >= 0 && fd < 1 << 20 ? fcntl((int)fd, F_GETFL) : -1;

	if (flags < 0 || fcntl((int)fd, F_SETFL, flags | O_NONBLOCK) < 0)
		die("two numbers of open descriptors");
	return (int)fd;
}

static void setup(struct way *w)
{
	for (int i = 0; i < 2; i++) {
		w[i].ring = w[i].size ? calloc(w[i].size, sizeof(struct frame)) : NULL;
		if (!w[i].ring)
			die("no memory for a queue of that size");
	}
	signal(SIGPIPE, SIG_IGN);
	/* Both are allowed to fail: then sleeps are less exact. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	setpriority(PRIO_PROCESS, 0, -20);
}

int main(int argc, char **argv)
{
	struct way w[2] = {{.size = 16384, .dice = 2}, {.size = 16384, .dice = 3}};
	int letter;

	while ((letter = getopt(argc, argv, "d:l:r:q:s:")) != -1)
		option(w, letter, optarg);
	if (argc - optind != 2)
		option(w, '?', NULL);
	w[0].from = w[1].to = descriptor(argv[optind]);
	w[1].from = w[0].to = descriptor(argv[optind + 1]);
	setup(w);
	printf("ready\n");
	fflush(stdout);
	relay(w);
	report("a-b", &w[0]);
	report("b-a", &w[1]);
	return 0;
}
